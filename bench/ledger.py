"""The log: tiles, the tree, typed entries, proofs and memory, each beside its floor in this run.

Figures without an entry in `LIMITS` are for information. Ends with status 1 when a limit is missed.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import orjson

from auditor.attest.result import StepVerdict
from auditor.attest.verify import verify_store
from auditor.keys.file import generate_key
from auditor.ledger.blobs import BlobRef, Stored
from auditor.ledger.chain import Chain
from auditor.ledger.entries import GENESIS, VERSION, Collect, Entry
from auditor.ledger.merkle import hash_leaf
from auditor.ledger.proofs import inclusion_proof, verify_inclusion
from auditor.ledger.tiles import (
    TILE_WIDTH,
    TileEdge,
    TileTree,
    encode_bundle,
    leaf_hashes,
    parse_bundle,
    parse_tile,
)
from auditor.store.local import LocalStore
from bench.measure import cpu_of, peak_mb

NOW = datetime(2026, 3, 31, 12, tzinfo=UTC)
DIGEST = "sha256:" + "ab" * 32
BLOB = BlobRef(digest=DIGEST, size=9, stored=Stored(encoding="gzip", digest=DIGEST, size=7))
SIZE = 1_000_000
TYPED = 1_000  # as many as stay in the processor's cache: bodies are written when just made
REPEAT = 50
ORIGIN = "bench/auditor-log"
LIMITS = {
    "tiles append": (200_000, "entries/s"),
    "tree verification": (400_000, "entries/s"),
    "typed entries, of the bare loop": (50, "%"),
    "proof verified per second": (1_000, "proofs/s"),
}
MEMORY_MB = 200


def entry_bytes(number: int) -> bytes:
    """An entry of about 400 bytes, as cheap to make as possible."""
    return b'{"body":{"fill":"%s"},"index":%d}' % (b"x" * 370, number)


def bundles(size: int) -> Iterator[list[bytes]]:
    """Entries of a log, 256 at a time."""
    for first in range(0, size, TILE_WIDTH):
        yield [entry_bytes(number) for number in range(first, min(size, first + TILE_WIDTH))]


def append_tiles(batch: list[bytes], edge: TileEdge) -> tuple[bytes, list[tuple[str, bytes]]]:
    """One bundle and the tiles that it fills: path and bytes of each."""
    full = edge.extend(leaf_hashes(batch))
    return encode_bundle(batch), [(tile.name.path, tile.data) for tile in full]


def verify_tree(bundle: bytes, tile: bytes, width: int, edge: TileEdge) -> None:
    """A bundle against its tile, and into the tree."""
    leaves = leaf_hashes(parse_bundle(bundle, width))
    if leaves != parse_tile(tile, width):
        raise SystemExit("the tile is not that of the bundle")
    edge.extend(leaves)


def measure_tiles(size: int) -> dict[str, float]:
    """Append and verify a log of `size` entries, streamed: nothing but the edge is kept."""
    writing, reading = TileEdge(), TileEdge()
    spent = {"tiles append": 0.0, "tree verification": 0.0}
    for batch in bundles(size):
        begin = time.process_time()
        bundle, tiles = append_tiles(batch, writing)
        between = time.process_time()
        tile = tiles[0][1] if tiles else b"".join(leaf_hashes(batch))
        again = time.process_time()
        verify_tree(bundle, tile, len(batch), reading)
        spent["tiles append"] += between - begin
        spent["tree verification"] += time.process_time() - again
    if writing.root() != reading.root():
        raise SystemExit("two roots")
    return {name: size / used for name, used in spent.items()}


def collect(number: int) -> Collect:
    return Collect(
        run="20260331T120000Z-abcdef",
        target="aws-prod",
        resource_type="aws.iam.user",
        identity="arn:aws:iam::111122223333:role/auditor",
        complete=True,
        items=number,
        pages_complete=True,
        started_at=NOW,
        read_at=NOW,
        blob=BLOB,
    )


def typed_loop(bodies: list[Collect]) -> bytes:
    """Entries built, checked, written as canonical bytes and chained."""
    chain = Chain()
    data = b""
    for body in bodies:
        data = Entry(chain.index, chain.prev, NOW, body).to_bytes()
        chain.advance(data, NOW)
    return data


def bare_loop(bodies: list[dict[str, object]]) -> bytes:
    """The same bytes from plain dictionaries that nobody checks."""
    prev, data, time_text = GENESIS, b"", "2026-03-31T12:00:00Z"
    for index, body in enumerate(bodies):
        document = {
            "v": VERSION,
            "index": index,
            "prev": prev,
            "time": time_text,
            "type": "collect",
            "body": body,
        }
        data = orjson.dumps(document, option=orjson.OPT_SORT_KEYS)
        prev = hashlib.sha256(data).hexdigest()
    return data


def best(*actions: Callable[[], object]) -> list[float]:
    """The smallest CPU seconds of each action, done in turns: what disturbs one disturbs all."""
    rounds = [[cpu_of(action)[0] for action in actions] for _ in range(REPEAT)]
    return [min(times) for times in zip(*rounds, strict=True)]


def measure_typed() -> dict[str, float]:
    """Typed entries beside the bare loop; both are given their bodies."""
    bodies = [collect(number) for number in range(TYPED)]
    plain = [body.to_json() for body in bodies]
    if typed_loop(bodies) != bare_loop(plain):
        raise SystemExit("the two loops write different bytes")
    written = [Entry(0, GENESIS, NOW, body).to_bytes() for body in bodies]
    bare, typed, made, read = best(
        lambda: bare_loop(plain),
        lambda: typed_loop(bodies),
        lambda: [collect(number) for number in range(TYPED)],
        lambda: [Entry.parse(data) for data in written],
    )
    return {
        "bare orjson and sha256": TYPED / bare,
        "typed entries": TYPED / typed,
        "typed entries, of the bare loop": 100 * bare / typed,
        "bodies made and validated": TYPED / made,
        "entries read and validated": TYPED / read,
        "entries read, of the bare loop": 100 * bare / read,
    }


def measure_proofs(size: int = 100_000, proofs: int = 500) -> dict[str, float]:
    """Inclusion proofs made from tiles and verified."""
    files: dict[str, bytes] = {}
    edge = TileEdge()
    for batch in bundles(size):
        files |= dict(append_tiles(batch, edge)[1])
    files |= {tile.name.path: tile.data for tile in edge.partial_tiles()}
    root, tree = edge.root(), TileTree(size, files.__getitem__)
    indexes = range(0, size, size // proofs)
    made, paths = cpu_of(lambda: [inclusion_proof(index, size, tree.node) for index in indexes])

    def verify() -> None:
        for index, path in zip(indexes, paths, strict=True):
            verify_inclusion(hash_leaf(entry_bytes(index)), index, size, path, root)

    return {
        "proof made per second": len(paths) / made,
        "proof verified per second": len(paths) / best(verify)[0],
    }


def measure_store(entries: int) -> dict[str, float]:
    """A real store written in batches, and the whole of its step 3 afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        key = generate_key(root / "log.pem", "ed25519")
        store = LocalStore(root / "evidence")

        def write() -> None:
            with store.open_log(key=key.note_key(ORIGIN), sign=key.sign, clock=lambda: NOW) as log:
                for first in range(0, entries, 5000):
                    log.append_all(collect(first + number) for number in range(5000))
                    log.commit()

        wrote, _ = cpu_of(write)
        before = peak_mb()
        read, report = cpu_of(lambda: verify_store(store.reader(), None, rejudge=None, now=NOW))
        if report.steps[3].verdict is StepVerdict.BAD:
            raise SystemExit(report.steps[3].detail)
    return {
        "entries made and appended to a store": entries / wrote,
        "entries verified, all steps": entries / read,
        "memory that verification adds, MB per 100,000": (peak_mb() - before) * 1e5 / entries,
    }


def streamed_mb(size: int) -> float:
    """Peak memory of a fresh process that appends and verifies `size` entries."""
    command = [sys.executable, "-m", "bench.ledger", "stream", str(size)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def main(size: int = SIZE) -> int:
    figures = measure_typed() | measure_tiles(size) | measure_proofs() | measure_store(100_000)
    missed = []
    print(f"{size} entries of {len(entry_bytes(size))} bytes in one process")
    print(f"{'figure':48} {'value':>12}  limit")
    for name, value in figures.items():
        limit, unit = LIMITS.get(name, (0, ""))
        print(f"{name:48} {value:12,.0f}  {f'>= {limit:,} {unit}' if limit else ''}")
        missed += [name] if value < limit else []
    memory = streamed_mb(size)
    print(f"{'peak memory of appending and verifying, MB':48} {memory:12,.0f}  < {MEMORY_MB}")
    missed += ["memory"] if memory >= MEMORY_MB else []
    print(f"limits missed: {', '.join(missed)}" if missed else "all limits are met")
    return 1 if missed else 0


if __name__ == "__main__":
    if sys.argv[1:2] == ["stream"]:
        measure_tiles(int(sys.argv[2]))
        print(peak_mb())
    else:
        sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else SIZE))
