from __future__ import annotations

from typing import Any

from auditor.attest.detached import sign_file
from auditor.keys.file import generate_key
from tests.vectors.tamper.case import CANNOT_TELL, Case, Fault
from tests.vectors.tamper.insider import Insider


def apply(case: Case) -> None:
    key = generate_key(case.folder / "stranger.pem", "ed25519")
    insider = Insider(case)

    def approve(policy: Any) -> None:
        signed = policy["waivers"][0]
        signed["sidecar"] = sign_file(signed["text"].encode(), key)

    insider.edit_policy("D", approve)
    insider.seal_run("D")
    insider.write()


FAULT = Fault(
    attack="approved a waiver with a key that the auditor does not know",
    artefact="store",
    step=7,
    says="unknown key",
    apply=apply,
    needs="all keys of the company, and witnesses that saw nothing else",
    verdict=CANNOT_TELL,
    threat="false exceptions",
)
