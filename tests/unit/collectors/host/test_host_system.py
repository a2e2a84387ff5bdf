"""Small formats of the system: units, auditd, mounts, sockets, journal headers, apt."""

from __future__ import annotations

import struct
from datetime import UTC, datetime

import pytest

from auditor.collectors.host.parse.apt import (
    count_installed,
    is_security,
    newest_kernel,
    parse_release,
    parse_simulation,
    parse_waiting,
    release_date,
)
from auditor.collectors.host.parse.auditd import locked, parse_auditd, parse_rules, parse_status
from auditor.collectors.host.parse.chrony import parse_tracking
from auditor.collectors.host.parse.ini import is_true, last, parse_sections
from auditor.collectors.host.parse.journal import parse_header
from auditor.collectors.host.parse.mounts import data_mounts, parse_mounts, permille_used
from auditor.collectors.host.parse.sockets import parse_sockets


def test_drop_in_wins_and_an_empty_value_takes_back() -> None:
    merged = parse_sections(
        ["# c\n[Journal]\nStorage=volatile\nSeal=yes\n", "[Journal]\nStorage=persistent\nSeal=\n"]
    )
    assert last(merged, "Journal", "Storage") == "persistent"
    assert last(merged, "Journal", "Seal") is None
    assert is_true(None, default=True)
    assert not is_true("Off", default=True)
    with pytest.raises(ValueError, match="perhaps"):
        is_true("perhaps", default=True)


def test_lines_of_a_unit_can_be_continued() -> None:
    merged = parse_sections(["junk\n[Service]\nExecStart=/bin/a \\\n  --b\n"])
    assert last(merged, "Service", "ExecStart") == "/bin/a    --b"


def test_auditd_configuration() -> None:
    fields = parse_auditd(
        "log_file = /var/log/Audit/a.log\nmax_log_file=8\nmax_log_file_action = KEEP_LOGS\n"
        "write_logs = no\n"
    )
    assert fields["log_file"] == "/var/log/Audit/a.log"
    assert fields["max_log_file_action"] == "keep_logs"
    assert fields["max_log_file_mib"] == 8
    assert fields["write_logs"] is False
    assert fields["disk_full_action"] is None
    with pytest.raises(ValueError, match=r"^1:"):
        parse_auditd("nonsense")
    with pytest.raises(ValueError, match="num_logs"):
        parse_auditd("num_logs = x")


def test_audit_rules_are_locked_by_the_last_e() -> None:
    rules = parse_rules("# c\n-w /etc/passwd  -p wa\n\n-e 1\n-e 2\n")
    assert rules == ["-w /etc/passwd -p wa", "-e 1", "-e 2"]
    assert locked(rules)
    assert not locked([*rules, "-e 0"])
    assert not locked([])


def test_audit_status() -> None:
    text = "enabled 2\nfailure 1\npid 0\nrate_limit 0\nbacklog_limit 64\nlost 3\nbacklog 0\n"
    assert parse_status(text) == {
        "enabled": 2,
        "daemon_pid_present": False,
        "lost": 3,
        "backlog_limit": 64,
    }
    with pytest.raises(ValueError, match="lost"):
        parse_status("enabled 2\npid 1\nbacklog_limit 64\n")


def test_mounts_hide_each_other_and_names_are_unescaped() -> None:
    mounts = parse_mounts(
        "proc /proc proc rw 0 0\n/dev/sda1 /mnt/my\\040disk ext4 rw,noexec 0 0\n"
        "/dev/sda2 /srv xfs rw 0 0\nfs:/x /srv nfs4 ro 0 0\n"
    )
    data = data_mounts(mounts)
    assert [(m.point, m.fs_type, m.network) for m in data] == [
        ("/mnt/my disk", "ext4", False),
        ("/srv", "nfs4", True),
    ]
    with pytest.raises(ValueError, match="expected source"):
        parse_mounts("one two")


@pytest.mark.parametrize(
    ("total", "free", "available", "permille"),
    [
        (1000, 150, 150, 850),
        (1000, 149, 149, 851),
        (0, 0, 0, 0),
        (1000, 100, 50, 948),
        (3, 2, 2, 334),
    ],
)
def test_used_share_is_rounded_up(total: int, free: int, available: int, permille: int) -> None:
    assert permille_used(total, free, available) == permille


def test_more_free_than_there_is_is_refused() -> None:
    with pytest.raises(ValueError, match="are free"):
        permille_used(10, 11, 5)


_HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid inode\n"


def _row(local: str, remote: str, state: str) -> str:
    return f"   0: {local} {remote} {state} 00000000:00000000 00:00000000 00000000  1000 0 77 1\n"


def test_listening_sockets_of_both_families() -> None:
    four = parse_sockets(
        _HEAD
        + _row("0100007F:1538", "00000000:0000", "0A")
        + _row("00000000:0016", "00000000:0000", "0A")
        + _row("0100007F:1538", "0100007F:9999", "01"),
        "tcp",
        "ipv4",
    )
    assert [(s.id, s.loopback, s.any_address) for s in four] == [
        ("tcp/127.0.0.1:5432", True, False),
        ("tcp/0.0.0.0:22", False, True),
    ]
    assert (four[0].uid, four[0].inode) == (1000, 77)
    mapped = "0000000000000000FFFF00000100007F"
    six = parse_sockets(
        _HEAD
        + _row("00000000000000000000000001000000:0035", "0" * 32 + ":0000", "07")
        + _row(f"{mapped}:0035", "0" * 32 + ":0000", "07"),
        "udp",
        "ipv6",
    )
    assert [(s.id, s.loopback) for s in six] == [
        ("udp/[::1]:53", True),
        ("udp/[::ffff:127.0.0.1]:53", True),
    ]


@pytest.mark.parametrize("row", ["   0: short\n", _row("XX:0016", "00000000:0000", "0A")])
def test_socket_table_of_another_form_is_refused(row: str) -> None:
    with pytest.raises(ValueError, match="line 2"):
        parse_sockets(_HEAD + row, "tcp", "ipv4")


def _journal(flags: int, oldest_us: int, newest_us: int) -> bytes:
    head = b"LPKSHHRH" + struct.pack("<I", flags)
    return head.ljust(184, b"\0") + struct.pack("<QQQ", oldest_us, newest_us, 0)


def test_journal_header() -> None:
    sealed = parse_header(_journal(1, 1_700_000_000_000_000, 1_700_000_100_000_000))
    assert (sealed.sealed, sealed.oldest_s, sealed.newest_s) == (True, 1_700_000_000, 1_700_000_100)
    empty = parse_header(_journal(6, 0, 0))
    assert (empty.sealed, empty.oldest_s) == (False, None)
    for damaged in (b"", b"X" * 300, _journal(1, 1, 1)[:-1]):
        with pytest.raises(ValueError, match="no header"):
            parse_header(damaged)


def test_simulated_upgrade() -> None:
    text = (
        "Reading package lists...\n"
        "Inst openssl [3.0.1] (3.0.2 Debian-Security:12/stable-security [amd64]) []\n"
        "Inst libc6:i386 [2.36] (2.37 Debian:12.1/stable, Debian-Security:12/x [i386])\n"
        "Inst new-dep (1.0 Debian:12.1/stable [all])\n"
        "Conf openssl (3.0.2 Debian-Security:12/stable-security [amd64])\n"
    )
    updates = parse_simulation(text)
    assert [(u.package, u.architecture, u.installed, u.candidate, u.security) for u in updates] == [
        ("libc6", "i386", "2.36", "2.37", True),
        ("new-dep", "all", None, "1.0", False),
        ("openssl", "amd64", "3.0.1", "3.0.2", True),
    ]
    with pytest.raises(ValueError, match="Inst odd"):
        parse_simulation("Inst odd line")


def test_release_file() -> None:
    release = parse_release(
        "-----BEGIN PGP SIGNED MESSAGE-----\nOrigin: Debian\nLabel: Debian-Security\n"
        "Suite: stable-security\nDate: Fri, 20 Nov 2026 00:12:41 UTC\nSHA256:\n abc 1 x\n"
    )
    assert is_security(release)
    assert release_date(release) == datetime(2026, 11, 20, 0, 12, 41, tzinfo=UTC)
    assert not is_security({"Label": "Debian"})
    with pytest.raises(ValueError, match="no Date"):
        release_date({})
    with pytest.raises(ValueError, match=r"."):
        release_date({"Date": "yesterday"})


def test_dpkg_status_and_kernels() -> None:
    lines = (
        "Package: a\nStatus: install ok installed\n\nPackage: b\nStatus: hold ok installed\n\n"
        "Package: c\nStatus: deinstall ok config-files\n"
    ).splitlines(keepends=True)
    assert count_installed(lines) == (2, ["b"])
    names = ["vmlinuz-6.1.0-9-amd64", "vmlinuz-6.1.0-10-amd64", "config-6.9", "grub"]
    assert newest_kernel(names) == "6.1.0-10-amd64"
    assert newest_kernel([]) is None


def test_tracking_of_chrony() -> None:
    line = (
        "C0248F97,192.36.143.151,2,1700000000.1,-0.000123456,0.1,0.1,-1.2,0.0,0.1,0.02,0.001,64.2"
    )
    assert parse_tracking(f"{line},Normal\n") == {
        "reference": "192.36.143.151",
        "stratum": 2,
        "offset_ms": "0.123",
    }
    for damaged in (line, "506 Cannot talk to daemon", f"{line.replace('-0.0', 'x')},Normal"):
        with pytest.raises(ValueError, match=r"."):
            parse_tracking(damaged)


_TOTAL = "{} upgraded, {} newly installed, 0 to remove and {} not upgraded.\n"


def test_updates_that_apt_leaves_out_are_named() -> None:
    text = (
        "Calculating upgrade...\nThe following packages have been kept back:\n  openssl libssl3\n"
        "The following upgrades have been deferred due to phasing:\n  systemd:i386\n"
        "The following packages will be upgraded:\n  libc6\n"
        + _TOTAL.format(1, 0, 3)
        + "Inst libc6 [2.36] (2.37 Debian:12/stable [amd64])\n"
    )
    assert parse_waiting(text) == ["libssl3", "openssl", "systemd:i386"]
    assert parse_waiting(_TOTAL.format(0, 0, 0)) == []


@pytest.mark.parametrize(
    "text",
    [
        "",
        _TOTAL.format(0, 0, 2),
        "The following packages have been kept back:\n  openssl\n" + _TOTAL.format(0, 0, 2),
        _TOTAL.format(1, 0, 0),
    ],
)
def test_list_of_updates_that_does_not_agree_with_its_count_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="apt-get"):
        parse_waiting(text)
