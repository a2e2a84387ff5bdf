from __future__ import annotations

from typing import Any

from auditor.attest.detached import sign_file
from auditor.keys.file import generate_key, load_key
from tests.vectors.tamper.case import Case, Fault
from tests.vectors.tamper.insider import Insider


def apply(case: Case) -> None:
    key = generate_key(case.folder / "stranger.pem", "ed25519")
    real = load_key(case.folder / "approver.pem")
    insider = Insider(case)

    def approve(policy: Any) -> None:
        signed = policy["waivers"][0]
        forged = sign_file(signed["text"].encode(), key)
        signed["sidecar"] = forged.replace(key.key_id, real.key_id)

    insider.edit_policy("D", approve)
    insider.seal_run("D")
    insider.write()


FAULT = Fault(
    attack="put the approver's key id over a signature of one's own",
    artefact="store",
    step=7,
    says="signature",
    apply=apply,
    needs="all keys of the company, and witnesses that saw nothing else",
    threat="false exceptions",
)
