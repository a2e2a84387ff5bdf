"""The scripted repository: each pull request, the exit code of its gate, and what its comment says.

Every gate runs as `auditor gate --baseline git:main:baseline.zip --replay`, with what the table
adds; it scans the branch, and the comment is what `--output markdown=` writes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import pytest

from auditor.render.gate.markdown import COMMENT, MARK
from tests.gate import changes as do
from tests.gate.conftest import Gate
from tests.gate.repository import Repository

BASELINE = ("--baseline", "git:main:baseline.zip", "--replay")


@dataclass(frozen=True)
class PullRequest:
    """One row.

    Args:
        change: What the branch does.
        code: Exit code of the gate.
        says: What the comment has to say.
        never: What it must not say.
        options: Added to the command.
        base: What is on `main` before the branch, instead of the usual base.
    """

    name: str
    change: Callable[[Repository], object] | None
    code: int
    says: tuple[str, ...]
    never: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    base: Callable[[Repository], object] | None = None


OPEN, WORSE, LOST = "gate: open", "something got worse", "evidence incomplete"
NO_BASE, FORGED = "closed, no baseline", "the evidence does not hold"
STEP_1 = "git:main:baseline.zip, step 1 (bundle: manifest and digests)"
DENIED = do.rebased(timedelta(hours=-2), do.world(denied=True))
TABLE = (
    PullRequest("nothing", None, 0, (OPEN, "| unchanged | 8 |"), ("###  New",)),
    PullRequest("regression", do.level("a", 1), 1, (WORSE, "New failures (1)", "pass -> fail")),
    PullRequest("fix", do.level("b", 4), 0, (OPEN, "### Fixed (1)", "fail -> pass")),
    PullRequest("control file renamed", do.renamed, 0, (OPEN, "| unchanged | 8 |"), ("policy (",)),
    PullRequest("reordered", do.reordered, 0, (OPEN, "| unchanged | 8 |"), ("policy (",)),
    PullRequest(
        "policy loosened", do.loosened, 1,
        (WORSE, "Weaker policy", "turned by the policy alone", "fail -> pass", "auditor approve"),
    ),
    PullRequest("assertion rewritten", do.rewritten, 1, (WORSE, "turned by the policy alone")),
    PullRequest("assertion rewritten equally", do.rewritten_equally, 1,
                (WORSE, "Weaker policy (1)", "cannot be told"), ("turned by the policy alone",)),
    PullRequest("another resource type", do.other_type, 3,
                (LOST, "Could not be replayed (1)", "resource changed")),
    PullRequest("waiver added", do.waiver(id="W-2026-002", match='resource.name == "b"'), 0,
                (OPEN, "Waivers, new or changed", "`W-2026-002`", "fail -> waived")),
    PullRequest("waiver widened, re-signed", do.waiver(max_items=9), 0,
                (OPEN, "Waivers, new or changed", "loosens: waiver `W-2026-001`")),
    PullRequest("waiver widened, not signed", do.waiver(key=False, max_items=9), 1,
                (WORSE, "waived -> fail")),
    PullRequest("waiver expired", do.waiver(expires=do.days(-1)), 1, (WORSE, "waived -> fail")),
    PullRequest("waiver by an approver of its own", do.waived_by_mallory, 1,
                (WORSE, "does not bear it out", "trust `policy.json`")),
    PullRequest("scope narrowed", do.narrowed, 3,
                (LOST, "its scope leaves the target out", "Weaker policy")),
    PullRequest("target dropped", do.target_dropped, 3,
                (LOST, "Not judged any more (4)", "the target is out of scope")),
    PullRequest("check removed", do.check_removed, 3, (LOST, "the check was removed")),
    PullRequest("control removed", do.control_removed, 3,
                (LOST, "the control is not judged any more")),
    PullRequest("mapping removed", do.mapping_removed, 1,
                (WORSE, "`mapping to soc2 CC6.2 removed`"), ("Not judged any more (",)),
    PullRequest("control added", do.control_added, 0, (OPEN, "`judged from now on`")),
    PullRequest("control added that fails", do.failing_control_added, 1,
                (WORSE, "New failures (4)", "not judged there before")),
    PullRequest("target added that is denied", do.target_added, 0,
                (OPEN, "Could not be judged (2)")),
    PullRequest("the same, coverage asked for", do.target_added, 1,
                (WORSE, "unknown to the baseline"), options=("--fail-on", "coverage")),
    PullRequest("regression, baseline edited in the same change",
                lambda r: (do.level("a", 1)(r), do.with_bundle(do.unsigned)(r)), 1,
                (WORSE, "pass -> fail")),
    PullRequest("trust edited", do.trust_mallory, 1, (WORSE, "trust `policy.json`")),
    PullRequest("baseline unsigned", None, 5, (FORGED, "Nothing was compared"),
                base=do.with_bundle(do.unsigned)),
    PullRequest("baseline edited", None, 5, (FORGED, "(and 5 more like it)"),
                base=do.with_bundle(do.edited_verdicts)),
    PullRequest("baseline of a stranger", None, 5, (FORGED, "Nothing was compared"),
                base=do.of_a_stranger),
    PullRequest("one file of the baseline edited", None, 5,
                (FORGED, f"{STEP_1}, runs/",
                 "statement.sigstore.json: has another digest than the manifest says"),
                base=do.with_bundle(do.edited_statement)),
    PullRequest("manifest of the baseline edited", None, 5,
                (FORGED, f"{STEP_1}, manifest.json: not JSON"),
                base=do.with_bundle(do.edited_manifest)),
    PullRequest("baseline that is no bundle", None, 5, (FORGED, "is no signed bundle"),
                base=do.no_bundle),
    PullRequest("baseline missing", None, 2, (NO_BASE, "there is no baseline.zip"),
                base=lambda r: (r.folder / "baseline.zip").unlink()),
    PullRequest("baseline old", None, 2, (NO_BASE, "longer ago"), options=("--max-age", "1h")),
    PullRequest("baseline young enough", None, 0, (OPEN, "max-age=1d"),
                options=("--max-age", "1d")),
    PullRequest("baseline of last year", None, 2,
                (NO_BASE, "longer ago than 30d", "--max-age how old it may be"),
                base=do.of_last_year),
    PullRequest("baseline of last year, by name", None, 0,
                (OPEN, "Rules: `new weakening max-age=400d`"),
                options=("--max-age", "400d"), base=do.of_last_year),
    PullRequest("baseline from the future", None, 5,
                (FORGED, "after the time of verification"),
                base=do.rebased(timedelta(hours=3))),
    PullRequest("collector denied", do.world(denied=True), 3,
                (LOST, "Not judged any more (4)", "not allowed")),
    PullRequest("region down", do.world(down=["south"]), 3,
                (LOST, "Not judged any more (2)", "no answer")),
    PullRequest("clock skew", do.world(skew=3), 3, (LOST, "from the future")),
    PullRequest("resource re-created", do.level("a", 5, uid="u-9"), 0,
                (OPEN, "### Re-created (1)", "another resource of the same name")),
    PullRequest("resource re-created, failing", do.level("b", 2, uid="u-9"), 1,
                (WORSE, "New failures (1)", "another resource of the same name")),
    PullRequest("resource vanished", do.without_a, 0,
                (OPEN, "### Vanished (1)", "not called fixed"), ("### Fixed",)),
    PullRequest("in error before and now", None, 0, (OPEN, "| unchanged | 6 |"), base=DENIED),
    PullRequest("in error before, failing now", do.world(denied=False), 1,
                (WORSE, "not judged there before"), base=DENIED),
    PullRequest("below the floor", None, 3, (LOST, "less than 90 %"),
                options=("--min-coverage", "90"), base=DENIED),
    PullRequest("above the floor", None, 0, (OPEN,), options=("--min-coverage", "100")),
    PullRequest("any", None, 1, (WORSE, "2 failing, new or not"), options=("--fail-on", "any")),
    PullRequest("severe enough", do.level("a", 1), 1, (WORSE, "1 new failure"),
                options=("--fail-on", "severity=medium")),
    PullRequest("not severe enough", do.level("a", 1), 0, (OPEN, "New failures (1)"),
                options=("--fail-on", "severity=critical")),
    PullRequest("one target, the other regresses", do.level("a", 1), 0,
                (OPEN, "nothing is said of the rest"), options=("--target", "two")),
    PullRequest("softly", do.level("a", 1), 0, (WORSE,), options=("--exit-zero",)),
)  # fmt: skip


@pytest.mark.parametrize("request_", TABLE, ids=lambda row: row.name.replace(" ", "-"))
def test_each_pull_request_ends_as_the_table_says(
    request_: PullRequest, change: Repository, auditor: Gate
) -> None:
    if request_.base is not None:
        change.git("checkout", "--quiet", "main")
        request_.base(change)
        change.commit()
        change.git("checkout", "--quiet", "-B", "change")
    if request_.change is not None:
        request_.change(change)
    change.commit()
    said = auditor("gate", *BASELINE, *request_.options, "--output", "markdown=comment.md")
    assert (change.folder / "comment.md").is_file(), said.err
    comment = (change.folder / "comment.md").read_text("utf-8")
    assert said.code == request_.code, f"{said.err}\n{comment}"
    assert comment.startswith(MARK)
    assert len(comment) < COMMENT
    for text in request_.says:
        assert text in comment
    for text in request_.never:
        assert text not in comment
