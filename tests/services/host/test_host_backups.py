"""Folders of backups: a good series, and which fact each fault gives."""

from __future__ import annotations

import gzip
import hashlib
import io
import shutil
import subprocess
import tarfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from auditor.core.model.status import Cause
from tests.services.host.conftest import Collect, rows, touch

pytestmark = pytest.mark.service
_TODAY = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
_DUMP = b"-- MySQL dump 10.13\nCREATE TABLE `a` (x int);\n%s\n-- Dump completed on x\n"
_PATTERN = r"(?P<class>db|media|config|state)_backup_(?P<slot>\d{8})\.\S+"
_CLASSES = ["db", "config"]


def _dump(size: int = 2000) -> bytes:
    # Not repeated bytes: sizes after compression must follow the sizes before it.
    text = "".join(hashlib.sha256(str(n).encode()).hexdigest() for n in range(size // 64))
    return gzip.compress(_DUMP % text.encode(), mtime=0)


def _archive(name: str) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        info = tarfile.TarInfo(name)
        info.size = 4
        archive.addfile(info, io.BytesIO(b"text"))
    return buffer.getvalue()


def _put(folder: Path, name: str, data: bytes, day: datetime, mode: int = 0o600) -> Path:
    path = folder / name
    path.write_bytes(data)
    path.chmod(mode)
    touch(path, day + timedelta(hours=2))
    return path


def _name(class_: str, day: datetime, ending: str = "sql.gz") -> str:
    return f"{class_}_backup_{day:%Y%m%d}.{ending}"


@pytest.fixture
def series(tmp_path: Path) -> Path:
    """Twenty days of two classes; the newest day is today."""
    folder = tmp_path / "backups"
    folder.mkdir()
    for back in range(1, 21):
        day = _TODAY - timedelta(days=back)
        _put(folder, _name("db", day), _dump(), day)
        _put(folder, _name("config", day, "tar.gz"), _archive("app/x.conf"), day)
    return folder


def _settings(folder: Path, **more: object) -> dict[str, object]:
    base = {"name": "main", "path": str(folder), "pattern": _PATTERN, "classes": _CLASSES}
    return {"backup_sets": [{**base, **more}]}


def test_good_series(collect: Collect, series: Path) -> None:
    (row,) = collect("host.backup_series", **_settings(series)).resources
    newest = _TODAY - timedelta(days=1)
    assert row.data["slots"] == 20
    assert row.data["newest_slot_at"] == f"{newest:%Y-%m-%d}T00:00:00Z"
    assert row.data["largest_gap"] == "1d"
    assert row.data["unmatched_count"] == 0
    sets = collect("host.backup_set", **_settings(series)).resources
    assert len(sets) == 20
    assert {tuple(each.data["missing_classes"]) for each in sets} == {()}  # type: ignore[arg-type]
    observation = collect("host.backup_file", **_settings(series))
    assert observation.facts["derived_only"] is True
    assert observation.facts["bytes_read"] == sum(each.stat().st_size for each in series.iterdir())
    for resource in observation.resources:
        assert resource.unread == {}
        assert resource.data["read_to_end"] is True
        assert resource.data["clock_wrong"] is False
        assert (resource.data["mode"], resource.data["encryption"]) == ("0600", "none")
        dump = resource.data["class"] == "db"
        assert resource.data["dump_trailer"] == ("complete" if dump else "not_a_dump")
    assert sum(bool(each.data["newest_of_class"]) for each in observation.resources) == 2


def test_missing_day_and_missing_class(collect: Collect, series: Path) -> None:
    gone = _TODAY - timedelta(days=5)
    (series / _name("db", gone)).unlink()
    (series / _name("config", gone, "tar.gz")).unlink()
    (series / _name("db", _TODAY - timedelta(days=9))).unlink()
    (series / "note.txt").write_text("x", encoding="utf-8")
    (row,) = collect("host.backup_series", **_settings(series)).resources
    assert (row.data["slots"], row.data["largest_gap"]) == (19, "2d")
    assert row.data["unmatched"] == ["note.txt"]
    sets = rows(collect("host.backup_set", **_settings(series)), "slot_day")
    assert f"{gone:%Y-%m-%d}" not in sets
    assert sets[f"{_TODAY - timedelta(days=9):%Y-%m-%d}"]["missing_classes"] == ["db"]


def test_faults_of_single_files(collect: Collect, series: Path) -> None:
    days = [_TODAY - timedelta(days=back) for back in range(1, 7)]
    faults = {
        "empty": _put(series, _name("db", days[0]), gzip.compress(b"", mtime=0), days[0]),
        "cut": _put(series, _name("db", days[1]), _dump()[:-100], days[1]),
        "half": _put(series, _name("db", days[2]), _dump(900), days[2]),
        "open": _put(series, _name("db", days[3]), _dump(), days[3], mode=0o644),
        "clock": _put(series, _name("db", days[4]), _dump(), days[4] - timedelta(days=30)),
        "env": _put(series, _name("config", days[5], "tar.gz"), _archive("app/.env"), days[5]),
    }
    found = rows(collect("host.backup_file", **_settings(series)), "path")
    row = {name: found[str(path)] for name, path in faults.items()}
    assert row["empty"]["size"] == 20
    assert (row["empty"]["read_to_end"], row["empty"]["container"]) == (False, "empty")
    assert str(row["cut"]["read_error"]).startswith("gzip: ended early")
    assert row["cut"]["dump_trailer"] == "absent"
    permille = row["half"]["size_permille_of_median"]
    assert isinstance(permille, int)
    assert permille < 600
    assert (row["open"]["mode"], row["open"]["others_read"]) == ("0644", True)
    assert row["clock"]["clock_wrong"] is True
    assert row["clock"]["clock_skew"] == "718h"
    assert row["env"]["secret_files"] == ["app/.env"]
    assert row["empty"]["newest_of_class"] is True


def test_manifest_of_the_folder_and_of_each_file(collect: Collect, series: Path) -> None:
    names = sorted(each.name for each in series.iterdir())
    digests = {n: hashlib.sha256((series / n).read_bytes()).hexdigest() for n in names}
    lines = [f"{digest}  ./{name}" for name, digest in digests.items() if name != names[1]]
    lines[0] = f"{'0' * 64}  {names[0]}"
    (series / "SHA256SUMS").write_text("\n".join(lines), encoding="utf-8")
    observation = collect("host.backup_file", **_settings(series, manifest="SHA256SUMS"))
    found = [each.data["manifest"] for each in observation.resources]
    assert found == ["different", "not_listed", *["equal"] * 38]
    (row,) = collect("host.backup_series", **_settings(series, manifest="SHA256SUMS")).resources
    assert row.data["unmatched_count"] == 0
    (series / f"{names[2]}.sha256").write_text(f"{digests[names[2]]}  {names[2]}\n", "utf-8")
    (series / f"{names[3]}.sha256").write_text("rubbish\n", encoding="utf-8")
    pattern = _PATTERN.replace(r"\S+", r"(sql|tar)\.gz")
    settings = _settings(series, manifest="{name}.sha256", pattern=pattern)
    each = collect("host.backup_file", **settings).resources
    assert [row.data.get("manifest") for row in each[:3]] == ["no_manifest", "no_manifest", "equal"]
    assert each[3].unread["manifest"].cause is Cause.UNPARSABLE


def test_copy_in_a_second_place(collect: Collect, series: Path, tmp_path: Path) -> None:
    offsite = tmp_path / "offsite"
    shutil.copytree(series, offsite)
    names = sorted(each.name for each in offsite.iterdir())
    (offsite / names[0]).write_bytes(b"other")
    (offsite / names[1]).unlink()
    settings = _settings(series, offsite=str(offsite))
    found = [each.data["offsite"] for each in collect("host.backup_file", **settings).resources]
    assert found == ["different", "missing", *["equal"] * 38]
    (row,) = collect("host.backup_series", **settings).resources
    assert (row.data["offsite_files"], row.data["offsite_same_filesystem"]) == (39, True)
    shutil.rmtree(offsite)
    (row,) = collect("host.backup_series", **settings).resources
    assert row.data["offsite_files"] == 0
    assert {r.data["offsite"] for r in collect("host.backup_file", **settings).resources} == {
        "missing"
    }


def test_only_the_newest_slots_are_read_when_asked(collect: Collect, series: Path) -> None:
    resources = collect("host.backup_file", **_settings(series, read_newest=2)).resources
    read = [each for each in resources if not each.unread]
    assert len(read) == 4
    causes = {each.unread["read_to_end"].cause for each in resources if each.unread}
    assert causes == {Cause.LIMIT}
    assert all(each.data["size"] for each in resources)


def test_folder_that_is_not_there(collect: Collect, tmp_path: Path) -> None:
    settings = _settings(tmp_path / "none")
    (row,) = collect("host.backup_series", **settings).resources
    assert (row.data["path_exists"], row.data["slots"]) == (False, 0)
    assert collect("host.backup_file", **settings).resources == ()


def test_slot_that_is_no_date_and_zone_that_is_none(collect: Collect, series: Path) -> None:
    (series / "db_backup_20269931.gz").write_bytes(b"x")
    for name in ("host.backup_series", "host.backup_set", "host.backup_file"):
        (gap,) = collect(name, **_settings(series)).gaps
        assert gap.cause is Cause.UNPARSABLE
        assert gap.subject.endswith("db_backup_20269931.gz")
    settings = _settings(series, slot_timezone="Mars/Olympus")
    assert collect("host.backup_set", **settings).gaps[0].cause is Cause.NOT_SUPPORTED
    assert collect("host.backup_file", **settings).gaps[0].cause is Cause.NOT_SUPPORTED


def test_zstd_whole_and_cut(collect: Collect, tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    plain.write_bytes(gzip.decompress(_dump(200_000)))
    folder = tmp_path / "backups"
    folder.mkdir()
    day = _TODAY - timedelta(days=1)
    whole = folder / _name("db", day, "zst")
    subprocess.run(["zstd", "-q", str(plain), "-o", str(whole)], check=True)
    cut = folder / _name("media", day, "zst")
    cut.write_bytes(whole.read_bytes()[:-50])
    found = rows(collect("host.backup_file", **_settings(folder)), "class")
    assert (found["db"]["compression"], found["db"]["read_to_end"]) == ("zstd", True)
    assert found["db"]["dump_trailer"] == "complete"
    assert found["db"]["sha256"] == hashlib.sha256(whole.read_bytes()).hexdigest()
    assert found["media"]["read_to_end"] is False
    assert found["media"]["sha256"] == hashlib.sha256(cut.read_bytes()).hexdigest()


def test_folders_as_backups(collect: Collect, tmp_path: Path) -> None:
    day = _TODAY - timedelta(days=1)
    base = tmp_path / _name("db", day, "dir")
    (base / "base" / "1").mkdir(parents=True)
    (base / "base" / "1" / "t").write_bytes(b"rows")
    (base / "link").symlink_to("/etc/passwd")
    repository = tmp_path / _name("state", day, "restic")
    for part in ("config", "data", "index", "keys", "snapshots"):
        (repository / part).mkdir(parents=True)
        (repository / part / "x").write_bytes(b"y")
    (tmp_path / _name("media", day, "none")).mkdir()
    found = rows(collect("host.backup_file", **_settings(tmp_path)), "class")
    listing = f"{hashlib.sha256(b'rows').hexdigest()}  base/1/t\n"
    assert found["db"]["sha256"] == hashlib.sha256(listing.encode()).hexdigest()
    assert (found["db"]["container"], found["db"]["content_size"]) == ("directory", 4)
    assert found["db"]["dump_trailer"] == "other_content"
    assert found["state"]["dump_trailer"] == "encrypted"
    assert (found["state"]["encryption"], found["state"]["read_to_end"]) == ("restic", True)
    assert found["media"]["read_to_end"] is False


_NO_BACKUPS = {
    "error": b"pg_dump: error: connection to server failed: FATAL: no password\n" * 40,
    "packed": gzip.compress(b"pg_dump: error: connection to server failed\n" * 40, mtime=0),
    "zeros": b"\0" * 5000,
    "noise": bytes(range(256)) * 40,
}


@pytest.mark.parametrize("kind", _NO_BACKUPS)
def test_what_has_no_form_of_a_backup_is_none_unless_the_set_says_so(
    collect: Collect, tmp_path: Path, kind: str
) -> None:
    day = _TODAY - timedelta(days=1)
    _put(tmp_path, _name("db", day), _NO_BACKUPS[kind], day)
    (row,) = collect("host.backup_file", **_settings(tmp_path)).resources
    assert (row.data["container"], row.data["read_to_end"]) == ("opaque", True)
    assert row.data["dump_trailer"] == "other_content"
    (row,) = collect("host.backup_file", **_settings(tmp_path, containers=["opaque"])).resources
    assert row.data["dump_trailer"] != "other_content"


def test_set_may_say_which_form_its_files_have(collect: Collect, series: Path) -> None:
    observation = collect("host.backup_file", **_settings(series, containers=["mysql_dump"]))
    found = {(str(r.data["class"]), str(r.data["dump_trailer"])) for r in observation.resources}
    assert found == {("db", "complete"), ("config", "other_content")}


def test_encrypted_file_is_known_by_its_encryption(collect: Collect, tmp_path: Path) -> None:
    day = _TODAY - timedelta(days=1)
    _put(tmp_path, _name("db", day), b"age-encryption.org/v1\n" + b"x" * 1000, day)
    (row,) = collect("host.backup_file", **_settings(tmp_path)).resources
    assert row.data["dump_trailer"] == "encrypted"


def test_custom_dump_is_not_called_complete(collect: Collect, tmp_path: Path) -> None:
    day = _TODAY - timedelta(days=1)
    _put(tmp_path, _name("db", day, "dump"), b"PGDMP" + b"x" * 1000, day)
    (row,) = collect("host.backup_file", **_settings(tmp_path)).resources
    assert row.unread["dump_trailer"].cause is Cause.NOT_SUPPORTED
    assert row.data["container"] == "postgresql_custom"


def test_bomb_is_a_limit_and_not_a_verdict(collect: Collect, tmp_path: Path) -> None:
    day = _TODAY - timedelta(days=1)
    _put(tmp_path, _name("db", day), gzip.compress(b"\0" * 10**7), day)
    (row,) = collect("host.backup_file", **_settings(tmp_path, max_content_bytes=10**6)).resources
    assert row.unread["read_to_end"].cause is Cause.LIMIT


@pytest.mark.parametrize("form", ["gnu", "posix", "v7"])
def test_archives_of_tar_itself(collect: Collect, tmp_path: Path, form: str) -> None:
    source = tmp_path / "source"
    source.mkdir()
    with (source / "sparse").open("wb") as stream:
        for hole in range(1, 40):  # more holes than one header holds
            stream.seek(hole * 2**20)
            stream.write(b"data")
    (source / "link").symlink_to("sparse")
    folder = tmp_path / "backups"
    folder.mkdir()
    day = _TODAY - timedelta(days=1)
    whole = folder / _name("db", day, "tar")
    sparse = [] if form == "v7" else ["--sparse"]
    command = ["tar", *sparse, f"--format={form}", "-cf", str(whole), "-C", str(source), "."]
    subprocess.run(command, check=True)
    (folder / _name("media", day, "tar")).write_bytes(whole.read_bytes()[:-10_240])
    found = rows(collect("host.backup_file", **_settings(folder)), "class")
    assert (found["db"]["container"], found["db"]["read_error"]) == ("tar", None)
    assert found["db"]["tar_members"] == 3
    assert found["media"]["read_to_end"] is False
