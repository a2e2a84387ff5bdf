"""Registers and documents: what is written is read as it is, and what cannot be read is a gap."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from auditor.collectors.records import RecordsCollector
from auditor.collectors.records.files import read_file
from auditor.core.evaluate.view import view
from auditor.core.model.status import Cause
from auditor.errors import CollectionError
from tests.unit.collectors.records.reading import read, write

SERVICE = "records.register.service_levels"
HEAD = "complete_at: '2026-10-01T09:00:00Z'\nrows:\n"
ROW = (
    "- {id: SL-1, service: shop, target: 99.9, window: 30d, owner: head, approved_by: board,"
    " approved_at: '2026-01-15T10:00:00Z'}\n"
)


def gap(folder: Path, name: str = SERVICE) -> str:
    """What one gap says; there is nothing beside it."""
    observation = read(folder, name)
    assert observation.resources == ()
    (only,) = observation.gaps
    assert only.cause is Cause.UNPARSABLE
    assert not observation.calls[0].ok
    return only.detail


def test_rows_are_evidence_with_doubles_as_text(tmp_path: Path) -> None:
    path = write(tmp_path, "registers/service_levels.yaml", HEAD + ROW)
    observation = read(tmp_path, SERVICE)
    (row,) = observation.resources
    assert row.data["target"] == "99.9"
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    assert observation.facts == {
        "rows": 1,
        "complete_at": "2026-10-01T09:00:00Z",
        "digest": f"sha256:{digest}",
    }
    assert observation.complete


def test_an_empty_register_is_empty_and_no_gap(tmp_path: Path) -> None:
    write(tmp_path, "registers/service_levels.yaml", f"{HEAD.strip()} []\n")
    observation = read(tmp_path, SERVICE)
    assert (observation.resources, observation.complete) == ((), True)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (HEAD + ROW.replace("owner:", "ownr:"), "unknown field `ownr`, did you mean `owner`?"),
        (HEAD + ROW.replace("id: SL-1, ", ""), "a row needs an `id`"),
        (HEAD + ROW.replace("SL-1", "7"), "a row needs an `id`, as text"),
        (ROW, "valid dictionary"),
        (HEAD.replace("T09:00:00Z", "") + ROW, "expected an RFC 3339 time with a zone"),
        ("rows: [", "not YAML"),
        ("rows: []\n", "the field `complete_at` is missing"),
    ],
)
def test_a_register_that_cannot_be_read_is_one_gap(tmp_path: Path, text: str, said: str) -> None:
    write(tmp_path, "registers/service_levels.yaml", text)
    assert said in gap(tmp_path)


def test_a_register_that_is_not_there_is_a_gap(tmp_path: Path) -> None:
    assert "registers/service_levels.yaml cannot be read" in gap(tmp_path)


def test_text_that_is_not_utf8_is_a_gap(tmp_path: Path) -> None:
    write(tmp_path, "registers/service_levels.yaml", "").write_bytes(b"\xff\xfe")
    assert "not text in UTF-8" in gap(tmp_path)


def test_a_register_does_not_lead_out_of_its_folder(tmp_path: Path) -> None:
    outside = write(tmp_path, "outside.yaml", HEAD + ROW)
    (tmp_path / "registers").mkdir()
    (tmp_path / "registers" / "service_levels.yaml").symlink_to(outside)
    assert "leads out of registers" in gap(tmp_path)


def test_a_date_without_a_time_is_not_read_one_way_or_the_other(tmp_path: Path) -> None:
    row = ROW.replace("T10:00:00Z", "")
    write(tmp_path, "registers/service_levels.yaml", HEAD + row)
    (resource,) = read(tmp_path, SERVICE).resources
    seen = view(resource, RecordsCollector().resource_types()[SERVICE].fields)
    assert seen.unread["approved_at"].cause is Cause.TYPE_ERROR


def test_what_may_be_null_is_null_where_it_is_left_out(tmp_path: Path) -> None:
    text = HEAD + "- {id: S-1, joined_at: '2026-01-01T00:00:00Z', on_call: false}\n"
    write(tmp_path, "registers/training.yaml", text)
    (resource,) = read(tmp_path, "records.register.training").resources
    assert resource.data["completed_at"] is None


def rows(folder: Path, name: str, *texts: str) -> list[dict[str, object]]:
    write(folder, f"registers/{name}.yaml", HEAD + "".join(f"- {{{text}}}\n" for text in texts))
    observation = read(folder, f"records.register.{name}")
    assert observation.complete, observation.gaps
    return [dict(resource.data) for resource in observation.resources]


def test_the_newest_review_of_each_system_is_marked(tmp_path: Path) -> None:
    found = rows(
        tmp_path,
        "access_reviews",
        "id: a, system: x, period_end: '2026-03-01T00:00:00Z'",
        "id: b, system: x, period_end: '2026-06-01T00:00:00Z'",
        "id: c, system: y, period_end: '2026-01-01T00:00:00Z'",
    )
    assert [row["newest"] for row in found] == [False, True, True]


def test_a_computed_field_is_never_written_by_hand(tmp_path: Path) -> None:
    row = "- {id: a, system: x, period_end: '2026-03-01T00:00:00Z', newest: false}\n"
    write(tmp_path, "registers/access_reviews.yaml", HEAD + row)
    assert "unknown field `newest`" in gap(tmp_path, "records.register.access_reviews")


def test_a_time_that_the_newest_hangs_on_must_be_one(tmp_path: Path) -> None:
    write(tmp_path, "registers/access_reviews.yaml", HEAD + "- {id: a, system: x}\n")
    assert "row a: period_end" in gap(tmp_path, "records.register.access_reviews")


def test_the_period_before_is_that_of_the_same_kind(tmp_path: Path) -> None:
    def row(name: str, kind: str, start: str, end: str) -> str:
        times = f"period_start: '{start}T00:00:00Z', period_end: '{end}T00:00:00Z'"
        return f"id: {name}, kind: {kind}, {times}"

    found = rows(
        tmp_path,
        "external_audits",
        row("b", "soc2", "2025-07-01", "2026-01-01"),
        row("a", "soc2", "2025-01-01", "2025-06-01"),
        row("c", "iso", "2025-08-01", "2025-09-01"),
    )
    assert [one["previous_end"] for one in found] == ["2025-06-01T00:00:00Z", None, None]
    assert [one["newest"] for one in found] == [True, False, True]


def test_scope_and_roles_are_joined_to_the_project(tmp_path: Path) -> None:
    found = rows(tmp_path, "scope", "id: a, target: aws-prod", "id: b, target: elsewhere")
    assert [row["configured"] for row in found] == [True, False]
    rows(tmp_path, "roles", "id: head-of-parts")
    facts = read(tmp_path, "records.register.roles").facts
    assert facts["roles"] == ["head-of-parts", "head-of-things"]


def test_a_promise_is_held_against_the_one_that_it_names(tmp_path: Path) -> None:
    found = rows(tmp_path, "commitments", "id: a, value: 6h, at_most_of: b", "id: b, value: 24h")
    assert [row["limit"] for row in found] == ["24h", None]
    write(tmp_path, "registers/commitments.yaml", HEAD + "- {id: a, at_most_of: z}\n")
    assert "names no commitment 'z'" in gap(tmp_path, "records.register.commitments")


FRONT = (
    "---\nid: POL-1\ntitle: Security\nkind: policy\nversion: '3'\nowner: head\n"
    "approved_by: board\napproved_at: '2026-01-15T10:00:00Z'\n"
    "review_due: '2027-01-15T00:00:00Z'\n---\n# Text\n"
)


def test_front_matter_is_read_and_the_file_digested(tmp_path: Path) -> None:
    path = write(tmp_path, "documents/sub/security.md", FRONT)
    observation = read(tmp_path, "records.document")
    (document,) = observation.resources
    assert observation.complete
    assert document.data["path"] == "sub/security.md"
    assert document.data["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert document.data["acknowledged"] is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("# no front matter\n", "has no front matter"),
        ("---\nid: x\n", "has no front matter"),
        (FRONT.replace("id: POL-1\n", ""), "needs an `id`"),
        (FRONT.replace("owner", "ownr"), "unknown field `ownr`, did you mean `owner`?"),
        (FRONT.replace("owner: head", "sha256: abc"), "unknown field `sha256`"),
    ],
)
def test_a_document_that_cannot_be_read_is_a_gap(tmp_path: Path, text: str, said: str) -> None:
    write(tmp_path, "documents/x.md", text)
    (only,) = read(tmp_path, "records.document").gaps
    assert said in only.detail
    assert only.subject == "x.md"


def test_the_register_of_documents_names_files(tmp_path: Path) -> None:
    path = write(tmp_path, "documents/a.pdf", "text")
    listed = "- {id: A, path: a.pdf, sha256_approved: '0'}\n- {id: B, path: ../x}\n- {id: C}\n"
    write(tmp_path, "registers/documents.yaml", HEAD + listed)
    there, outside, nowhere = read(tmp_path, "records.document").resources
    assert there.data["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert (there.data["source"], there.data["sha256_approved"]) == ("register", "0")
    assert "leads out" in outside.unread["sha256"].detail
    assert "names no path" in nowhere.unread["sha256"].detail


def test_without_documents_there_is_a_gap(tmp_path: Path) -> None:
    (only,) = read(tmp_path, "records.document").gaps
    assert only.cause is Cause.NOT_COLLECTED


def test_a_pipe_in_the_folder_is_named_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "policy.md")
    with pytest.raises(CollectionError, match=r"documents/policy\.md is no file"):
        read_file(tmp_path / "policy.md", "documents/policy.md", 100)
