from __future__ import annotations

from prometheus_client.parser import text_string_to_metric_families

from auditor.core.model.status import Outcome
from auditor.render.prometheus import PrometheusRenderer
from tests.unit.render.sample import NOW, RUN, sample

Series = dict[str, list[tuple[dict[str, str], float]]]


def _series(**changes: object) -> Series:
    text = PrometheusRenderer().render(sample(**changes)).decode()  # type: ignore[arg-type] # fields
    return {
        family.name: [(sample.labels, sample.value) for sample in family.samples]
        for family in text_string_to_metric_families(text)
    }


def test_every_metric_is_a_gauge_with_help() -> None:
    families = list(text_string_to_metric_families(PrometheusRenderer().render(sample()).decode()))

    assert families
    assert {family.type for family in families} == {"gauge"}
    assert all(family.documentation and family.name.startswith("auditor_") for family in families)


def test_sums_are_the_counts_of_the_run() -> None:
    series = _series()
    found: dict[str, float] = dict.fromkeys(sample().counts, 0)
    for labels, value in series["auditor_findings"]:
        found[labels["status"]] += value

    assert found == sample().counts
    assert {x["status"]: value for x, value in series["auditor_run_findings"]} == sample().counts


def test_times_are_instants_and_no_ages() -> None:
    series = _series()

    assert series["auditor_run_timestamp_seconds"] == [({}, NOW.timestamp())]
    assert series["auditor_run_duration_seconds"] == [({}, 192.0)]
    assert series["auditor_run_info"][0][0]["run"] == RUN


def test_last_success_is_there_only_when_the_outcome_is_ok() -> None:
    name = "auditor_run_last_success_timestamp_seconds"

    assert name not in _series()
    assert _series(outcome=Outcome.OK)[name] == [({}, NOW.timestamp())]


def test_one_outcome_and_one_status_of_each_control_is_1() -> None:
    series = _series()
    chosen = [x["outcome"] for x, value in series["auditor_run_outcome"] if value == 1]
    statuses = {x["control"]: x["status"] for x, v in series["auditor_control_status"] if v == 1}

    assert chosen == [sample().outcome.value]
    assert statuses == {r.control.id: r.status.value for r in sample().controls}


def test_what_was_not_tested_and_not_read_is_counted() -> None:
    series = _series()

    assert sum(value for _, value in series["auditor_checks_not_tested"]) == 3
    assert sum(value for _, value in series["auditor_reading_gaps"]) == 1
    assert len(series["auditor_waiver_expiry_timestamp_seconds"]) == len(sample().waivers)
