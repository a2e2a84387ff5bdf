"""Somebody outside the company who cosigns its log: a witness on loopback, with its own memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from threading import Thread

import yaml

from auditor.app.project import TRUST_FILE, load_trust
from auditor.app.witnesses.server import witness_server
from auditor.app.witnesses.witness import Witness, load_cosigner, new_cosigner, witnessed_logs
from auditor.attest.trust import Witness as TrustedWitness
from auditor.catalog.config import CONFIG_FILE
from auditor.keys.file import load_key

NAME = "witness.example.org/larkspur"


@contextmanager
def outside_witness(folder: Path, clock: Callable[[], datetime]) -> Iterator[None]:
    """Run a witness for the log of a working folder, which is told to ask it and to trust it.

    Args:
        folder: Has auditor.yaml, keys and a trust policy; `systems/witness` is made in it.
    """
    place = folder / "systems" / "witness"
    place.mkdir(parents=True)
    vkey = new_cosigner(NAME, place / "witness.pem", "ed25519")
    trust = load_trust(folder / "trust")
    cosigner = load_cosigner(place / "witness.pem", load_key(place / "witness.pem"))
    logs = witnessed_logs([key.vkey for key in trust.log_keys])
    witness = Witness(place / "state", [cosigner], logs, clock)
    trusted = TrustedWitness(vkey=vkey, not_before=trust.log_keys[0].not_before)
    policy = trust.model_copy(update={"witnesses": (trusted,)})
    (folder / "trust" / TRUST_FILE).write_text(policy.to_json(), "utf-8")
    with witness_server("127.0.0.1:0", witness, lambda _line: None) as server:
        entry = {"url": f"http://127.0.0.1:{server.server_port}/", "vkey": vkey}
        with (folder / CONFIG_FILE).open("a", encoding="utf-8") as file:
            file.write(yaml.safe_dump({"witnesses": [entry]}, sort_keys=False, width=200))
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()
