"""Companies with runs on several days, their bundles, and bundles with something changed."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path

from auditor.app.assess import assemble, recorded
from auditor.app.export.archive import Archive
from auditor.app.export.choice import Wish
from auditor.app.export.make import Exported, Extras, export
from auditor.app.subject import find_subject
from auditor.app.verifying import verify
from auditor.attest.detached import sign_file
from auditor.attest.package import MANIFEST, SIGNATURE, SUMS, Manifest, member, sums_text
from auditor.attest.result import VerificationReport
from auditor.attest.signing import Signer
from auditor.core.canonical import digest
from auditor.ledger.entries import Report
from auditor.render.registry import renderer
from tests.unit.app.company import BEGIN, Company, ticking

LATER = BEGIN + timedelta(days=40)
Members = dict[str, bytes]


def on_day(company: Company, day: int) -> str:
    """A run on a day after BEGIN."""
    later = Company(company.folder, ticking(BEGIN + timedelta(days=day)))
    return later.scan().run


def with_report(company: Company, run: str, path: Path, day: int, *, honest: bool = True) -> Path:
    """A JSON report of a run, noted in the log on a day after BEGIN."""
    project = company.project()
    data = renderer("json").render(assemble(recorded(project.store, run)))
    path.write_bytes(data if honest else data.replace(b'"pass"', b'"fail"'))
    key, note = project.log_key(), Report(run=run, format="json", digest=digest(path.read_bytes()))
    clock = ticking(BEGIN + timedelta(days=day))
    named = key.note_key(project.origin)
    with project.store.open_log(key=named, sign=key.sign, clock=clock) as log:
        log.append(note)
        log.commit()
    return path


def make(company: Company, wish: Wish, output: Path, extras: Extras | None = None) -> Exported:
    """Export, with the company's own key and trust."""
    project = company.project()
    chosen = extras or Extras(trust=project.trust_folder)
    return export(project.store, wish, chosen, project.run_key(), output)


def check(company: Company, path: Path, now: datetime = LATER) -> VerificationReport:
    """Verify with the company's own trust."""
    trust = company.project().trust_folder
    return verify(find_subject(path), trust=trust, run=None, now=now)


def unpacked(path: Path) -> Members:
    """All members of a bundle."""
    with zipfile.ZipFile(path) as file:
        return {name: file.read(name) for name in file.namelist()}


def pack(members: Mapping[str, bytes], path: Path) -> Path:
    """A bundle of these members, whatever they are."""
    with Archive(path) as archive:
        for name, data in members.items():
            archive.add(name, data)
        archive.publish()
    return path


def sealed(members: Mapping[str, bytes], signer: Signer, **changes: object) -> Members:
    """Members with a manifest that fits them, signed: what an insider with the run key can do."""
    others = {
        name: data for name, data in members.items() if name not in (MANIFEST, SIGNATURE, SUMS)
    }
    old = Manifest.parse(members[MANIFEST])
    rows = [member(name, data) for name, data in sorted(others.items())]
    data = old.model_copy(update={"members": rows, **changes}).to_bytes()
    signature = sign_file(data, signer).encode()
    own = {MANIFEST: data, SIGNATURE: signature}
    every = [*rows, *(member(name, value) for name, value in own.items())]
    return {**others, **own, SUMS: sums_text((item.path, item.digest) for item in every)}
