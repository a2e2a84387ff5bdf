"""A process that writes to a shared log until it has appended enough, or is killed.

Prints a line for each entry when it is acknowledged: what was printed must be in the log for ever.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

from auditor.keys.file import load_key
from auditor.ledger.entries import RunAbort
from auditor.store.s3 import S3Store
from tests.unit.store.building import ORIGIN


def work(location: str, url: str, key_file: str, name: str, count: int) -> None:
    key = load_key(Path(key_file))
    done = 0
    while done < count:
        store = S3Store.open(location, endpoint_url=url, cache=Path(key_file).parent)
        with store.open_log(
            key=key.note_key(ORIGIN), sign=key.sign, clock=lambda: datetime.now(UTC)
        ) as log:
            batch = [RunAbort(run=f"{name}-{done + n}", reason="x") for n in range(3)]
            for index, body in zip(log.append_all(batch), batch, strict=True):
                sys.stdout.write(f"{index} {body.run}\n")
            sys.stdout.flush()
            done += len(batch)
            if done % 2 or done >= count:
                log.commit()


if __name__ == "__main__":
    location_, url_, key_, name_, count_ = sys.argv[1:]
    work(location_, url_, key_, name_, int(count_))
