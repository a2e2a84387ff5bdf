"""The honest working folder that every fault of the suite is applied to, made by the real code.

Four runs over collectors in memory: A is pruned after its retention, B is under a legal hold and
was time-stamped late, C is what the auditor looked at before, D is the newest. Between them the run
key and the log's key are rotated and the old run key is revoked. Two witnesses cosign, and a
time-stamp authority stamps; both are asked as they would be, and neither has keys of the company.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from auditor.app.assess import assemble, recorded
from auditor.app.export.choice import Wish
from auditor.app.export.make import Extras, export
from auditor.app.log_proofs import request_from
from auditor.app.project import Project, load_trust
from auditor.app.registry import Collectors
from auditor.app.reports.outputs import write_outputs
from auditor.app.reports.requests import OutputRequest
from auditor.app.setup import Setup, write_setup
from auditor.app.signing_keys.changes import revoke, rotate
from auditor.app.signing_keys.listing import ALGORITHMS
from auditor.app.timestamps.spool import untimed_runs
from auditor.app.timestamps.stamping import stamp_runs
from auditor.app.upkeep.holds import set_hold
from auditor.app.upkeep.prune import prune
from auditor.app.witnesses.asking import add_lines
from auditor.app.witnesses.witness import Witness, load_cosigner, new_cosigner, witnessed_logs
from auditor.attest.trust import TrustPolicy
from auditor.attest.trust import Witness as TrustedWitness
from auditor.catalog.config import load_config
from auditor.collectors.interface import CollectionContext
from auditor.collectors.tls import TlsCollector
from auditor.collectors.tls.derive import derive_endpoint, encode
from auditor.core.model.observation import Observation, Resource
from auditor.core.model.target import Target
from auditor.core.times import format_instant
from auditor.keys.file import FileKey, generate_key, load_key
from auditor.keys.registry import open_key
from auditor.ledger.add_checkpoint import Refusal
from tests.services.timestamps.server import Handler, serving
from tests.services.tls.servers import Identity, build
from tests.unit.app.company import Company, check, write_library
from tests.unit.app.people_collector import people_check
from tests.vectors.tamper.authority import RequestMaker

PLACES = {
    "fake": "tests.unit.app.fake_collector:FakeCollector",
    "people": "tests.unit.app.people_collector:PeopleCollector",
    "tls": "tests.vectors.tamper.story:RememberedEndpoint",
}
DAY = timedelta(days=1)
WITNESSES = ("witness.example.org/w1", "witness.example.net/w2")
OLD_REPORT = "old-report.html"
FORMATS = ("html", "pdf", "json")


@cache
def _chain() -> tuple[str, ...]:
    """A certificate and its issuer, base64 of DER."""
    root_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    root = Identity(root_key, (build("Root", root_key, ca=True),))
    leaf = build("shop", key, issuer=root, sans=["shop.example.org"])
    return tuple(encode(item.public_bytes(Encoding.DER)) for item in (leaf, root.leaf))


class RememberedEndpoint(TlsCollector):
    """The collector of TLS endpoints, with one certificate from memory: its facts are derived."""

    def collect(
        self, target: Target, resource_types: Sequence[str], context: CollectionContext
    ) -> Iterator[Observation]:
        now = context.clock()
        data: dict[str, object] = {
            "id": "shop.example.org:443@192.0.2.1",
            "certificate": "default",
            "endpoint": "shop.example.org:443",
            "host": "shop.example.org",
            "server_name": "shop.example.org",
            "fingerprints_allowed": [],
            "verify_code": 0,
            "read_at": format_instant(now),
            "raw": list(_chain()),
            "raw_staple": None,
            "raw_revocation": None,
        }
        for name in resource_types:
            yield Observation(
                target=target.name,
                environment=target.environment,
                resource_type=name,
                identity="nobody",
                started_at=now,
                read_at=now,
                as_of=now,
                resources=(Resource(data | derive_endpoint(data)),),
            )


@dataclass
class Story(Company):
    """The company, on a day of its history.

    Args:
        today: Its clock's reading; goes on by a millisecond at each.
    """

    today: datetime = field(kw_only=True)

    @classmethod
    def on(cls, folder: Path, now: datetime) -> Story:
        story = cls(folder, lambda: now, today=now)
        story.clock = story.tick
        return story

    def tick(self) -> datetime:
        self.today += timedelta(milliseconds=1)
        return self.today

    def go_to(self, moment: datetime) -> None:
        self.today = moment

    def project(self) -> Project:
        return Project(load_config(self.config), collectors=Collectors(PLACES))


@dataclass(frozen=True)
class Honest:
    """What was made; all of it lies in `folder`, to be copied as a whole.

    Args:
        folder: Has `work`, `trust`, `reports`, `earlier`, `bundle.zip` (`full.zip` has the PDF
            too), and what only their owners have: `witnesses`, `approver.pem`.
        now: When the auditor verifies.
        runs: Ids of A, B, C and D.
        maker: The time-stamp authority.
    """

    folder: Path
    now: datetime
    runs: Mapping[str, str]
    maker: RequestMaker

    @property
    def work(self) -> Path:
        return self.folder / "work"

    @property
    def trust(self) -> Path:
        return self.folder / "trust"


def cosigned(story: Story, folder: Path) -> None:
    """Ask both witnesses about the head of the log, as they stand in `folder`."""
    trust = load_trust(story.project().trust_folder)
    logs = witnessed_logs([key.vkey for key in trust.log_keys])
    for number in range(len(WITNESSES)):
        project = story.project()
        key = folder / f"{number}.pem"
        cosigner = load_cosigner(key, load_key(key))
        witness = Witness(folder / f"state-{number}", [cosigner], logs, story.clock)
        last = witness.last(project.origin)
        size = last.checkpoint.size if last else 0
        lines = witness.add(request_from(project.store.reader(), size))
        assert not isinstance(lines, Refusal), lines
        add_lines(project, "".join(f"{line.line}\n" for line in lines).encode(), story.clock)


class _Maker:
    """Makes the folder, day by day."""

    def __init__(self, folder: Path, now: datetime, maker: RequestMaker, url: str) -> None:
        self.folder, self.now, self.maker, self.url = folder, now, maker, url
        self.story = Story.on(folder / "work", now - 480 * DAY)
        self.runs: dict[str, str] = {}

    def make(self) -> Honest:
        approver = self._set_up()
        self._scan("A")
        self._on(470, timestamping=[])
        self._scan("B")
        self._on(465, timestamping=[self.url])
        self._stamp_late()
        self._on(460)
        self._rotate("run")
        self._on(455)
        self._rotate("log")
        self._on(60)
        self._scan("C")
        self._keep_earlier()
        self._on(50)
        old = load_trust(self.story.project().trust_folder).run_keys[0]
        moment = self.now - 458 * DAY
        revoke(self.story.project(), old.key_id, moment, "taken out of use", self.story.clock)
        self._on(40)
        set_hold(self.story.project(), "case-7", [self.runs["B"]], "a letter", self.story.clock)
        self._prune()
        self._on(20)
        self._waive(approver)
        self._scan("D")
        self._report()
        self._pack()
        shutil.copytree(self.story.project().trust_folder, self.folder / "trust")
        return Honest(self.folder, self.now, self.runs, self.maker)

    def _set_up(self) -> FileKey:
        approver = generate_key(self.folder / "approver.pem", "ed25519")
        targets: list[dict[str, Any]] = [
            {"name": "one", "kind": "fake", "environment": "prod", "bad": ["a"]},
            {"name": "staff", "kind": "people", "environment": "prod"},
            {"name": "shop", "kind": "tls-endpoint", "environment": "prod"}
            | {"endpoints": ["shop.example.org:443"]},
        ]
        setup = Setup(
            "Example Ltd",
            "prod",
            targets,
            {"controls": ["library"], "timestamping": [self.url]},
            {"ciso": approver.public_key},
        )
        story = self.story
        write_setup(story.folder, setup, story.today - DAY, Collectors(PLACES))
        path = write_library(story.folder / "library", CHECKS)
        document = yaml.safe_load(path.read_text("utf-8")) | {"parameters": PARAMETERS}
        path.write_text(yaml.safe_dump(document, sort_keys=False), "utf-8")
        witnesses = self.folder / "witnesses"
        witnesses.mkdir()
        vkeys = [
            new_cosigner(name, witnesses / f"{number}.pem", "ed25519")
            for number, name in enumerate(WITNESSES)
        ]
        begin = story.today - DAY
        self._change_trust(
            witnesses=tuple(TrustedWitness(vkey=vkey, not_before=begin) for vkey in vkeys),
            timestamp_authorities=(self.maker.authority(name="Example TSA"),),
            required={"witnesses": len(vkeys)},
        )
        entries = [
            {"url": f"https://{name}", "vkey": v} for name, v in zip(WITNESSES, vkeys, strict=True)
        ]
        self.witness_entries = entries
        return approver

    def _change_trust(self, **changes: object) -> None:
        path = self.story.project().trust_folder
        trust = load_trust(path)
        document = trust.model_dump(by_alias=True) | changes
        text = TrustPolicy.model_validate(document).to_json()
        (path / "policy.json").write_text(text, "utf-8")

    def _on(self, days: int, **changes: object) -> None:
        self.story.go_to(self.now - days * DAY)
        if changes:
            self.story.configure(**changes)

    def _scan(self, name: str) -> None:
        self.maker.clock = self.story.clock
        self.runs[name] = self.story.scan().run
        self._cosign()

    def _cosign(self) -> None:
        self.story.configure(witnesses=self.witness_entries)
        cosigned(self.story, self.folder / "witnesses")
        self.story.configure(witnesses=[])  # nobody listens there

    def _stamp_late(self) -> None:
        self.maker.clock = self.story.clock
        project = self.story.project()
        waiting = [
            item for item in untimed_runs(project.store, _said) if item.run == self.runs["B"]
        ]
        stamp_runs(project, waiting, _said, clock=self.story.clock)
        self._cosign()

    def _rotate(self, use: Any) -> None:
        name = f"keys/{use}-2.pem"
        generate_key(self.story.folder / name, ALGORITHMS[use])
        new = open_key(name, self.story.folder, os.environ)
        rotate(self.story.project(), use, new, name, self.story.clock)

    def _keep_earlier(self) -> None:
        """What the auditor took along at the last visit, and what somebody kept of that day."""
        earlier = self.folder / "earlier"
        project = self.story.project()
        shutil.copytree(project.loaded.path("evidence"), earlier / "evidence")
        shutil.copy(earlier / "evidence" / "log" / "checkpoint", earlier / "checkpoint")
        wish = Wish(runs=(self.runs["C"],))
        extras = Extras(trust=project.trust_folder)
        export(project.store, wish, extras, project.run_key(), earlier / "bundle.zip")

    def _prune(self) -> None:
        for path in (self.story.folder / "evidence" / "blobs").rglob("*"):
            old = self.story.today - 100 * DAY
            os.utime(path, (old.timestamp(), old.timestamp()))
        now = self.story.clock()
        done = prune(self.story.project(), now=now, clock=self.story.clock)
        assert done.runs == (self.runs["A"],), done
        assert done.deleted, done

    def _waive(self, approver: FileKey) -> None:
        day = self.story.today
        self.story.write_waiver(
            approver,
            approved_at=format_instant(day - DAY),
            expires=format_instant(day + 100 * DAY),
        )

    def _report(self) -> None:
        """Reports are noted with the clock of the machine, and PDF signatures bear its time."""
        self.maker.clock = lambda: datetime.now(UTC)
        project = self.story.project()
        folder = self.folder / "reports"
        folder.mkdir()
        for name, run in (("old-report", self.runs["C"]), ("report", self.runs["D"])):
            wanted = [OutputRequest(form, folder / f"{name}.{form}") for form in FORMATS]
            if name == "old-report":
                wanted = wanted[:1]
            write_outputs(project, assemble(recorded(project.store, run)), wanted)
            self.story.go_to(datetime.now(UTC))
            self._cosign()
        self.now = datetime.now(UTC).replace(microsecond=0) + timedelta(minutes=2)

    def _pack(self) -> None:
        project = self.story.project()
        old = int((self.folder / "earlier" / "checkpoint").read_text("utf-8").splitlines()[1])
        wish = Wish(runs=(self.runs["C"], self.runs["D"]))
        for name, forms in (("bundle.zip", ("html", "json")), ("full.zip", FORMATS)):
            reports = tuple(self.folder / "reports" / f"report.{form}" for form in forms)
            extras = Extras(reports, (old,), project.trust_folder)
            export(project.store, wish, extras, project.run_key(), self.folder / name)


def _said(_line: str) -> None:
    return


PARAMETERS = {
    "smallest_key": {
        "type": "int",
        "default": 256,
        "loosest": 128,
        "looser": "lower",
        "doc": "bits of a key that is long enough",
    }
}
CHECKS = (
    check("thing", "high"),
    people_check("resource.active", id="active"),
    people_check("resource.mail == null ? true : resource.mail.endsWith('example.org')", id="mail"),
    check(
        "endpoint",
        "high",
        collector="tls",
        resource="tls.endpoint",
        key="resource.id",
    )
    | {
        "assert": [
            {
                "id": "ok",
                "expr": "resource.key_bits >= param.smallest_key",
                "severity": "high",
                "message": "{resource.id} has a short key",
            }
        ]
    },
)


def make_honest(folder: Path, now: datetime | None = None) -> Honest:
    """Make the folder; it must not exist."""
    folder.mkdir(parents=True)
    moment = (now or datetime.now(UTC)).replace(microsecond=0)
    maker = RequestMaker()

    def answer(handler: Handler, query: bytes) -> None:
        handler.reply(maker.answer(query))

    with ExitStack() as stack:
        url = stack.enter_context(serving({"/tsa": answer})) + "/tsa"
        return _Maker(folder, moment, maker, url).make()
