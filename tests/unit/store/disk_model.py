"""A disk that loses power: what may be on it after any prefix of the calls that were made.

The model is harsher than real file systems: the bytes of a file are safe only after fsync of the
file, a name only after fsync of its folder; everything else is lost or kept each by itself, in any
combination, and a write may be kept in some of its sectors only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from tests.unit.store.tracing import Call

SECTOR = 32  # bytes; real ones have 512 or more, and are torn in fewer ways
Pick = Callable[[int], float]
"""How much of the n-th pending change survives: 0 nothing, 1 all, between them some sectors."""
Files = dict[str, bytes | None]
"""Path below the root to content; None for a folder."""


@dataclass
class File:
    """A file: what is safe of it, and writes that are not."""

    safe: bytes = b""
    pending: list[Call] = field(default_factory=list)

    def sync(self) -> None:
        for call in self.pending:
            self.safe = _changed(self.safe, call, 1)
        self.pending.clear()


@dataclass
class Folder:
    """A folder: what is safe of its names, what is seen, and changes of names that are not safe."""

    safe: dict[str, File | Folder] = field(default_factory=dict)
    seen: dict[str, File | Folder] = field(default_factory=dict)
    pending: list[tuple[str, File | Folder | None]] = field(default_factory=list)

    def sync(self) -> None:
        self.safe = dict(self.seen)
        self.pending.clear()

    def put(self, name: str, what: File | Folder | None) -> None:
        """Give a name to something, or take it away."""
        _set(self.seen, name, what)
        self.pending.append((name, what))


class Disk:
    """A disk that begins with a folder, all of it safe."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self.top = _read(root)

    def apply(self, call: Call) -> None:
        """Make a call; nothing of it is safe."""
        folder, name = self._place(call.path)
        match call.name:
            case "create":
                folder.put(name, File())
            case "mkdir":
                folder.put(name, Folder())
            case "unlink" | "rmdir":
                folder.put(name, None)
            case "rename":
                moved = folder.seen[name]
                folder.put(name, None)
                target, new = self._place(call.target)
                target.put(new, moved)
            case "sync":
                (folder.seen[name] if name else folder).sync()
            case "write" | "truncate":
                file = folder.seen[name]
                assert isinstance(file, File)
                file.pending.append(call)
            case other:
                raise AssertionError(f"the model does not know {other}")

    def pending(self) -> int:
        """Changes that are not safe."""
        return sum(len(item.pending) for item in _walk(self.top))

    def after_power_cut(self, pick: Pick) -> Files:
        """One of the states that may be found."""
        numbers = iter(range(10**9))
        files: Files = {}
        _collect(self.top, "", lambda: pick(next(numbers)), files)
        return files

    def _place(self, path: str) -> tuple[Folder, str]:
        """The folder of a path and the name in it; "" for the root itself."""
        if Path(path) == self._root:
            return self.top, ""
        parts = Path(path).relative_to(self._root).parts
        folder = self.top
        for part in parts[:-1]:
            inner = folder.seen[part]
            assert isinstance(inner, Folder)
            folder = inner
        return folder, parts[-1]


def lay_out(files: Files, root: Path) -> None:
    """Make a state real."""
    for path, data in files.items():
        place = root / path
        if data is None:
            place.mkdir(parents=True, exist_ok=True)
        else:
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(data)


def picks(count: int, draw: Callable[[], float], samples: int) -> Iterator[Pick]:
    """Ways in which `count` changes may survive: none, all, all but one, one alone, mixtures."""
    yield lambda _number: 0
    if count == 0:
        return
    yield lambda _number: 1
    for at in range(min(count, 6)):
        last = count - 1 - at  # the latest ones: the others have been last before
        yield lambda number, last=last: float(number != last)  # type: ignore[misc] # its default
        yield lambda number, last=last: float(number == last)  # type: ignore[misc] # binds early
    for _ in range(samples):
        chosen = [draw() for _ in range(count)]
        yield lambda number, chosen=chosen: _stepped(chosen[number % len(chosen)])  # type: ignore[misc]


def _stepped(value: float) -> float:
    """A third nothing, a third all, a third in part."""
    return 0.0 if value < 1 / 3 else 1.0 if value < 2 / 3 else 3 * value - 2


def _read(root: Path) -> Folder:
    folder = Folder()
    for path in root.iterdir():
        folder.seen[path.name] = _read(path) if path.is_dir() else File(path.read_bytes())
    folder.safe = dict(folder.seen)
    return folder


def _walk(item: File | Folder) -> Iterator[File | Folder]:
    yield item
    if isinstance(item, Folder):
        for inner in item.seen.values():
            yield from _walk(inner)


def _collect(folder: Folder, at: str, pick: Callable[[], float], files: Files) -> None:
    names = dict(folder.safe)
    for name, what in folder.pending:
        if pick() > 0:
            _set(names, name, what)
    for name, item in names.items():
        path = str(PurePosixPath(at, name))
        if isinstance(item, File):
            data = item.safe
            for call in item.pending:
                data = _changed(data, call, pick())
            files[path] = data
        else:
            files[path] = None
            _collect(item, path, pick, files)


def _set(names: dict[str, File | Folder], name: str, what: File | Folder | None) -> None:
    if what is None:
        names.pop(name, None)
    else:
        names[name] = what


def _changed(data: bytes, call: Call, share: float) -> bytes:
    """The content after a write or truncate that survived in part."""
    if call.name == "truncate":
        return data[: call.offset].ljust(call.offset, b"\0") if share > 0 else data
    if share <= 0:
        return data
    end = call.offset + len(call.data)
    changed = bytearray(data.ljust(end, b"\0"))
    for start in _sectors(call, share):
        piece = call.data[start : start + SECTOR]
        changed[call.offset + start : call.offset + start + len(piece)] = piece
    return bytes(changed)


def _sectors(call: Call, share: float) -> Sequence[int]:
    """The sectors of a write that survive: all, or some that a number below 1 chooses."""
    starts = range(0, len(call.data), SECTOR)
    if share >= 1:
        return starts
    return [start for start in starts if (hash((start, share)) & 0xFF) < 0x80]
