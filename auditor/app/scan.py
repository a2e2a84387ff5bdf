"""One run: plan, record the start, read, judge, record, sign.

(0) plan, (1) policy and `run.start` into the log, (2) read every target, evidence as it comes into
the store and `collect` entries target by target into the log, (3) judge, (4) verdicts, (5) signed
statement, (6) `run.end` and the checkpoint. An error before (6) leaves `run.abort`; an interrupt or
a dead machine a start without an end, which can be resumed: what was read is not read again.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime

from auditor import __version__
from auditor.app.assess import assemble, recorded, verdict_pieces
from auditor.app.boundary import guarded
from auditor.app.collecting import collect_target
from auditor.app.evidence.earlier import earlier_than
from auditor.app.evidence.entries import recorded_form, scope_of
from auditor.app.evidence.of_run import RunEvidence
from auditor.app.evidence.recording import Recorder
from auditor.app.evidence.redaction import refuse_secrets
from auditor.app.log import open_log
from auditor.app.project import Project
from auditor.app.queries import bound_queries
from auditor.app.records.own import ProjectRecords
from auditor.app.records.recording import people_entries
from auditor.app.resuming import Interrupted, one_process
from auditor.app.selection import Selection, make_policy
from auditor.app.timestamps.stamping import stamp, stamp_late
from auditor.app.upkeep.holds import hold_again
from auditor.app.upkeep.retention import retain_until
from auditor.app.upkeep.stores import tell_recovery
from auditor.app.witnesses.asking import cosign_head
from auditor.attest.bundle import Bundle
from auditor.attest.dsse import sign_envelope
from auditor.attest.statement import (
    PAYLOAD_TYPE,
    LogPosition,
    Statement,
    Tool,
    subjects,
)
from auditor.attest.statement import Assessment as Predicate
from auditor.collectors.budget import CallBudget
from auditor.collectors.interface import CollectionContext
from auditor.core.canonical import canonical
from auditor.core.evaluate import Judgement, evaluate
from auditor.core.evaluate.plan import Plan, make_plan
from auditor.core.expression.interface import Engine
from auditor.core.model.assessment import Assessment
from auditor.core.model.policy import Policy
from auditor.core.model.resource_type import ResourceType
from auditor.core.model.target import Target
from auditor.core.rollup import count, outcome
from auditor.core.scrub import scrub
from auditor.errors import AuditorError, NothingEvaluatedError, StoreError, UsageError
from auditor.ledger.entries import Collect, RunAbort, RunEnd, RunStart, Verdicts
from auditor.store.interface import LogAppender

Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class ScanOptions:
    """How to scan.

    Args:
        workers: Requests under way at once.
        timeout_s: Ceiling for one request, in seconds.
        allow_probes: Active probes are allowed.
        progress: Told a line for people.
        max_calls: Ceiling of requests for the whole run; what lies past it is unread.
    """

    workers: int = 16
    timeout_s: float = 30.0
    allow_probes: bool = False
    progress: Callable[[str], None] = field(default=lambda _line: None)
    max_calls: int | None = None


def plan_run(policy: Policy, engine: Engine) -> Plan:
    """The plan of a run that judges something.

    Raises:
        NothingEvaluatedError: No check applies to any target.
    """
    plan = make_plan(policy, engine)
    if not plan.checks:
        reasons = sorted({item.reason for item in plan.not_tested})
        raise NothingEvaluatedError(
            f"no selected check applies: {'; '.join(reasons)}",
            hint="add a target of that kind to auditor.yaml, or select other checks",
        )
    return plan


class Scan:
    """One run in the making."""

    def __init__(self, project: Project, clock: Clock, options: ScanOptions) -> None:
        self.project = project
        self.clock = clock
        # Nobody knows what a system puts into its error messages.
        self.options = replace(options, progress=lambda line: options.progress(scrub(line).text))
        self.now = clock()
        self.run = f"{self.now:%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"
        self.run_key = project.run_key()
        self.log_key = project.log_key()
        self.origin = project.origin
        self.log_key.note_key(self.origin)  # a key of another kind is found before anything else
        self.start_index = -1
        self.logged = 0  # `collect` entries of this run
        self.budget = CallBudget(options.max_calls)

    def execute(self, selection: Selection) -> Assessment:
        """Do it all.

        Raises:
            NothingEvaluatedError: No check applies to any target.
            AuditorError: Anything else that keeps the run from its end.
        """
        # What is recorded is judged, not what was in memory: judging it again must see the same.
        with _executor(self.options.workers) as executor:
            made = make_policy(self.project, selection, self._context(executor))
        _data, document = recorded_form(made.to_json())
        policy = Policy.from_json(document)
        refuse_secrets(policy)
        plan = plan_run(policy, self.project.engine)
        self.retain = retain_until(self.project.loaded.config.retention, policy, self.now)
        with _naming(self.project.store.location), one_process(self.run):
            start = self._start(policy, plan)
            evidence = RunEvidence(self.project.store, self.run, policy)
            return self._complete(policy, plan, start, evidence)

    def resume(self, interrupted: Interrupted) -> Assessment:
        """Go on with a run that was interrupted, at its own moment and under its own policy.

        Raises:
            AuditorError: What keeps the run from its end.
        """
        start = interrupted.start
        self.run, self.now, self.start_index = start.run, start.now, interrupted.index
        self.retain = start.retain_until or self.now
        self.logged = len(interrupted.evidence.entries)
        plan = plan_run(interrupted.policy, self.project.engine)
        with _naming(self.project.store.location), one_process(self.run):
            return self._complete(interrupted.policy, plan, start, interrupted.evidence)

    def _complete(
        self, policy: Policy, plan: Plan, start: RunStart, evidence: RunEvidence
    ) -> Assessment:
        assessment = self._record(policy, plan, start, evidence)
        hold_again(self.project.store, self.run)
        stamp_late(self.project, self.options.progress, clock=self.clock, skip=self.run)
        cosign_head(self.project, self.options.progress)
        return assessment

    def _record(
        self, policy: Policy, plan: Plan, start: RunStart, evidence: RunEvidence
    ) -> Assessment:
        try:
            self._collect(policy, plan, evidence)
            judgement = evaluate(policy, plan, evidence, self.now, self.project.engine)
            evidence.let_go()  # what follows needs the findings, and room for their documents
            return self._finish(policy, judgement, evidence, start)
        except KeyboardInterrupt:
            self.options.progress(f"what was read is kept: auditor scan --resume {self.run}")
            raise
        except BaseException as error:
            self._abort(error)
            raise

    def _log(self) -> AbstractContextManager[LogAppender]:
        return open_log(self.project, self.clock, key=self.log_key)

    def _start(self, policy: Policy, plan: Plan) -> RunStart:
        data = canonical(policy.to_json())
        blob = self.project.store.put(data, retain_until=self.retain)
        start = RunStart(
            run=self.run,
            now=self.now,
            policy=blob,
            scope=scope_of(policy, plan),  # type: ignore[arg-type]
            nonce=secrets.token_hex(16),
            retain_until=self.retain,
        )
        signed_by_people = people_entries(self.project, policy, self.now, self.retain)
        with self._log() as log:
            tell_recovery(log.recovery, self.options.progress)
            self.start_index = log.append(start)
            log.append_all(signed_by_people)
            log.commit()
        return start

    def _collect(self, policy: Policy, plan: Plan, evidence: RunEvidence) -> None:
        """Read target after target; what was read before is not read again."""
        targets = {target.name: target for target in policy.targets}
        with _executor(self.options.workers) as executor:
            context = self._context(executor, policy.inventory)
            for name, wanted in plan.requests().items():
                types = [kind for kind in wanted if (name, kind) not in evidence]
                if types:
                    kinds = {kind: policy.resource_types[kind] for kind in types}
                    target, engine = targets[name], self.project.engine
                    queries = bound_queries(policy, target, types, self.now, engine)
                    self._read(target, kinds, replace(context, queries=queries), evidence)

    def _context(
        self, executor: Executor, inventory: Mapping[str, object] | None = None
    ) -> CollectionContext:
        """What collectors may use; one count of requests for the whole run."""
        return CollectionContext(
            clock=self.clock,
            executor=executor,
            inventory=inventory or {},
            allow_probes=self.options.allow_probes,
            timeout_s=self.options.timeout_s,
            progress=self.options.progress,
            budget=self.budget,
            earlier=earlier_than(self.project.store, self.now),
            records=ProjectRecords(self.project, self.now),
        )

    def _read(
        self,
        target: Target,
        types: Mapping[str, ResourceType],
        context: CollectionContext,
        evidence: RunEvidence,
    ) -> None:
        """Read one target; what was read stands in the log when this ends, however it ends."""
        self.options.progress(f"{target.name}: reading {len(types)} types")
        with Recorder(self.project, types, self.retain, evidence) as recorder:
            try:
                for observation in collect_target(
                    self.project.collectors, target, list(types), context
                ):
                    recorder.put(observation)
                    del observation  # it may be large, and the next one may be long in coming
                recorder.finish()
            except BaseException:
                with suppress(AuditorError):  # what ended the reading is the news
                    self._log_collects(recorder.stop())
                raise
        self._log_collects(recorder.entries)
        read = sum(entry.items for entry in recorder.entries)
        unread = f", {recorder.gaps} could not be read" if recorder.gaps else ""
        self.options.progress(f"{target.name}: {read} resources{unread}")

    def _log_collects(self, entries: Sequence[Collect]) -> None:
        with self._log() as log:
            self._check_alone()
            log.append_all(entries)
            log.commit()  # signed: who resumes the run must not take the journal's word for it
        self.logged += len(entries)

    def _check_alone(self) -> None:
        """Refuse to go on where another process has gone on; asked while the log is held.

        Raises:
            UsageError: The log has other entries of this run than this process made or found.
        """
        if not self._is_alone():
            raise UsageError(
                f"another process has gone on with run {self.run}", hint="auditor run list"
            )

    def _is_alone(self) -> bool:
        history = self.project.store.history(self.run)
        return (
            history is not None
            and history.state == "open"
            and history.verdicts is None
            and len(history.collects) == self.logged
        )

    def _finish(
        self,
        policy: Policy,
        judgement: Judgement,
        evidence: RunEvidence,
        start: RunStart,
    ) -> Assessment:
        """Verdicts, statement and end into the log; the assessment comes from what was recorded."""
        store = self.project.store
        verdicts = store.put_stream(verdict_pieces(judgement), retain_until=self.retain)
        counts = count(judgement.findings)
        result = outcome(judgement.findings).value
        predicate = Predicate(
            run=self.run,
            now=self.now,
            tool=Tool(name="auditor", version=__version__),
            engine=policy.engine,
            counts=counts,
            outcome=result,
            log=LogPosition(origin=self.origin, index=self.start_index),
        )
        statement = Statement(
            subject=subjects(start.policy, evidence.entries, verdicts), predicate=predicate
        )
        envelope = sign_envelope(statement.to_bytes(), PAYLOAD_TYPE, self.run_key)
        signature = envelope.signatures[0].signature
        tokens = stamp(self.project, signature, self.options.progress, clock=self.clock)
        bundle = Bundle(envelope, self.run_key.key_id, tokens).to_bytes()
        with self._log() as log:
            self._check_alone()
            log.append(Verdicts(run=self.run, counts=counts, blob=verdicts))
            digest = store.write_statement(self.run, bundle)
            log.append(RunEnd(run=self.run, outcome=result, statement=digest))
            log.commit()
        return assemble(recorded(store, self.run, policy, judgement, evidence))

    def _abort(self, error: BaseException) -> None:
        """Say in the log that the run was given up; never hide the error behind another."""
        reason = type(error).__name__ if not str(error) else str(error).splitlines()[0][:200]
        try:
            guarded(lambda: self._log_abort(reason))
        except AuditorError as problem:
            # The run stays in the log as one without an end; what ended it is the news.
            self.options.progress(f"the log could not be told that {self.run} ended: {problem}")

    def _log_abort(self, reason: str) -> None:
        with self._log() as log:
            if self._is_alone():  # else another process may bring the run to its end
                log.append(RunAbort(run=self.run, reason=scrub(reason).text))
                log.commit()


@contextmanager
def _naming(location: str) -> Iterator[None]:
    """The store names places inside itself; who reads the message must know which store."""
    try:
        yield
    except StoreError as error:
        where = f"{location}/{error.where}" if error.where else location
        raise StoreError(error.message, hint=error.hint, where=where) from error


@contextmanager
def _executor(workers: int) -> Iterator[Executor]:
    """Threads for requests; when reading is given up, those that wait are not begun."""
    executor = ThreadPoolExecutor(workers, thread_name_prefix="collect")
    try:
        yield executor
    except BaseException:
        executor.shutdown(wait=False, cancel_futures=True)
        raise
    executor.shutdown()
