"""Who may do something by code of others."""

from __future__ import annotations

from auditor.collectors.sql.might import detours, mighty


def test_might_goes_from_code_to_code_and_no_further() -> None:
    ways = [
        ("first", {"second", "app"}),
        ("owner", {"first"}),
        ("idle", {"third"}),
    ]
    assert mighty(ways, ["owner"]) == {"owner", "first", "second", "app"}
    assert mighty(ways, []) == set()


def test_code_that_runs_what_one_can_run_oneself_is_no_detour() -> None:
    code = [
        ("owner", {"app", "helper"}),
        ("helper", {"app"}),  # it could run the first one, and so could the application
        ("idle", {"app"}),
    ]
    assert detours(code, {"owner"}, "app") == [0]


def test_code_that_leads_further_is_a_detour_however_long() -> None:
    code = [
        ("owner", {"keeper"}),
        ("keeper", {"helper", "app"}),
        ("helper", {"keeper", "app"}),  # around in a circle, and on by the second one alone
    ]
    assert detours(code, {"owner"}, "app") == [1]
    assert detours(code[:1], {"owner"}, "app") == []
    assert detours([code[0], ("keeper", {"helper"}), ("helper", {"app"})], {"owner"}, "app") == [2]
