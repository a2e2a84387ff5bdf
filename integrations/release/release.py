"""Build, list, sign and verify a release, with this program's own signatures.

(1) wheel and sdist, by the build tool of the lock, with the time of the commit: the same bytes
wherever they are built; (2) SBOM from the lock; (3) an in-toto statement over the files, whose
predicate is the SBOM, in a DSSE envelope and a Sigstore bundle, signed by the release key;
(4) verified with the public key that is in the repository, as anybody can:

    python integrations/release/release.py --verify --public integrations/release/release.pub dist
"""

# ruff: noqa: INP001, T201, E402 - a script in no package; it prints, and finds its neighbours first

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from hashlib import sha256
from pathlib import Path
from typing import Final

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from auditor import __version__
from auditor.attest.bundle import Bundle
from auditor.attest.dsse import sign_envelope, verify_envelope
from auditor.attest.statement import PAYLOAD_TYPE, STATEMENT_TYPE
from auditor.core.canonical import canonical
from auditor.errors import AuditorError, UsageError, VerificationError
from auditor.keys.registry import open_key
from integrations.release.sbom import read_lock, sbom

PREDICATE = "https://cyclonedx.org/bom/v1.6"
ALGORITHM: Final = "ecdsa-p256-sha256"
BUNDLE, SBOM = "release.sigstore.json", "sbom.cdx.json"


def build(dist: Path) -> None:
    """Wheel and sdist into an empty folder.

    Raises:
        UsageError: The folder is not empty, or the build fails.
    """
    if dist.exists() and any(dist.iterdir()):
        raise UsageError(f"{dist} is not empty: a release holds what was built for it alone")
    dist.mkdir(parents=True, exist_ok=True)
    environ = {**os.environ, "SOURCE_DATE_EPOCH": _commit_time()}
    command = [sys.executable, "-m", "hatchling", "build", "--directory", str(dist.resolve())]
    done = subprocess.run(  # noqa: S603 - our own interpreter and constants
        command, cwd=ROOT, env=environ, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise UsageError(f"the build failed: {done.stderr.strip()[-500:]}")


def _commit_time() -> str:
    done = subprocess.run(
        ["git", "log", "-1", "--format=%ct"],  # noqa: S607 - the git of whoever releases
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise UsageError("not a git repository: a release is built from a commit")
    return done.stdout.strip()


def sign(dist: Path, key: str) -> None:
    """Write the SBOM, and the signed statement over every file.

    Args:
        key: A path or a URI, as `keys.run` of auditor.yaml.
    """
    lock = read_lock((ROOT / "requirements.lock").read_text("utf-8"))
    bom = sbom(__version__, lock)
    (dist / SBOM).write_text(json.dumps(bom, indent=2) + "\n", "utf-8")
    statement = {
        "_type": STATEMENT_TYPE,
        "subject": [
            {"name": path.name, "digest": {"sha256": _digest(path)}} for path in _files(dist)
        ],
        "predicateType": PREDICATE,
        "predicate": bom,
    }
    signer = open_key(key, Path.cwd(), os.environ, algorithm=ALGORITHM)
    envelope = sign_envelope(canonical(statement), PAYLOAD_TYPE, signer)
    (dist / BUNDLE).write_bytes(Bundle(envelope, signer.key_id).to_bytes())


def verify(dist: Path, public: str) -> list[str]:
    """The names of the files, after everything held.

    Raises:
        VerificationError: Another signer, a file that was changed, is missing or was added.
    """
    bundle = Bundle.parse((dist / BUNDLE).read_bytes())
    (signature,) = bundle.envelope.signatures
    verify_envelope(bundle.envelope, signature, public, ALGORITHM)
    if bundle.envelope.payload_type != PAYLOAD_TYPE:
        raise VerificationError(f"signed is {bundle.envelope.payload_type}, no statement")
    statement = json.loads(bundle.envelope.payload)
    if statement["_type"] != STATEMENT_TYPE or statement["predicateType"] != PREDICATE:
        raise VerificationError("signed is another kind of statement", where=BUNDLE)
    stated = {item["name"]: item["digest"]["sha256"] for item in statement["subject"]}
    there = {path.name: _digest(path) for path in _files(dist)}
    for name in sorted(stated.keys() | there.keys()):
        if stated.get(name) != there.get(name):
            problem = "was changed" if name in stated and name in there else "is missing"
            raise VerificationError(problem if name in stated else "was added", where=name)
    if json.loads((dist / SBOM).read_bytes()) != statement["predicate"]:
        raise VerificationError("is another than the one that was signed", where=SBOM)
    return sorted(stated)


def _files(dist: Path) -> list[Path]:
    return sorted(path for path in dist.iterdir() if path.name != BUNDLE)


def _digest(path: Path) -> str:
    return sha256(path.read_bytes()).hexdigest()


def main(arguments: list[str]) -> int:
    """Do it; the exit code."""
    parser = argparse.ArgumentParser(description="Build, sign and verify a release.")
    parser.add_argument("dist", type=Path, help="the folder of the release")
    parser.add_argument("--key", help="the release key, a path or a URI")
    parser.add_argument("--public", type=Path, required=True, help="its public half, PEM")
    parser.add_argument("--verify", action="store_true", help="only verify")
    given = parser.parse_args(arguments)
    try:
        if not given.verify:
            if not given.key:
                raise UsageError("a release is signed: give --key")
            build(given.dist)
            sign(given.dist, given.key)
        names = verify(given.dist, given.public.read_text("utf-8"))
    except (AuditorError, OSError) as error:
        print(f"release.py: {error}", file=sys.stderr)
        return error.exit_code if isinstance(error, AuditorError) else 2
    print(f"verified: {', '.join(names)}, signed by the release key")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
