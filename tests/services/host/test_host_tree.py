"""A tree of files in a good and a bad configuration: which fact each fault gives."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from auditor.core.model.status import Cause
from tests.services.host.conftest import Collect, program, rows, touch

pytestmark = pytest.mark.service
Tree = Callable[[Mapping[str, str | bytes]], Path]
_NOW = datetime.now(UTC)


def test_users_of_a_tree(collect: Collect, tree: Tree) -> None:
    root = tree({})
    observation = collect("host.user", root=str(root), interactive_users=["root"])
    found = rows(observation, "name")
    assert found["alice"]["password"] == "empty"
    assert found["alice"]["listed"] is False
    assert found["alice"]["groups"] == ["alice", "sudo"]
    assert found["root"]["listed"] is True
    assert found["root"]["uid_shared_with"] == ["toor"]
    assert found["root"]["host"] == "tree"
    assert observation.facts["without_shadow"] == 0


def test_account_without_shadow_line_is_not_called_locked(collect: Collect, tree: Tree) -> None:
    root = tree({"/etc/shadow": "root:!:1::::::\nghost:*:1::::::\nbroken:x\n"})
    observation = collect("host.user", root=str(root))
    alice = next(each for each in observation.resources if each.data["name"] == "alice")
    assert alice.unread["password"].cause is Cause.INCOMPLETE
    assert (observation.facts["without_shadow"], observation.facts["without_passwd"]) == (3, 1)
    assert [gap.subject for gap in observation.gaps] == ["/etc/shadow:3"]


def test_jobs_of_every_kind_and_why_some_never_run(collect: Collect, tree: Tree) -> None:
    root = tree(
        {
            "/etc/crontab": "PATH=/opt:/usr/bin\n0 2 * * * root backup --all\nnonsense\n",
            "/etc/cron.d/good": "@daily root PGPASSWORD=hunter2 /opt/backup x\n",
            "/etc/cron.d/bad.sh": "@daily root /opt/backup\n",
            "/etc/cron.d/open": "@daily root /opt/none\n",
            "/var/spool/cron/crontabs/alice": "*/5 * * * * /opt/backup\n",
            "/etc/systemd/system/b.timer": "[Timer]\nOnCalendar=daily\nOnBootSec=5m\n",
            "/lib/systemd/system/b.service": "[Service]\nUser=app\nExecStart=-/opt/backup --t\n",
            "/etc/systemd/system/off.timer": "[Timer]\nOnCalendar=weekly\nUnit=b.service\n",
        }
    )
    program(root, "/opt/backup")
    program(root, "/usr/sbin/cron")
    program(root, "/etc/cron.daily/rotate")
    program(root, "/etc/cron.daily/rotate.sh")
    (root / "etc/cron.daily/plain").write_text("x", encoding="utf-8")
    (root / "etc/cron.d/open").chmod(0o666)
    (root / "opt").chmod(0o777)
    wants = root / "etc/systemd/system/timers.target.wants"
    wants.mkdir()
    (wants / "b.timer").symlink_to("/etc/systemd/system/b.timer")
    observation = collect("host.cron_job", root=str(root))
    by_source = rows(observation, "source")
    assert by_source["/etc/crontab"]["script"] == "/opt/backup"
    assert by_source["/etc/crontab"]["script_unsafe_parents"] == ["/opt"]
    good = by_source["/etc/cron.d/good"]
    assert good["secrets"] == ["environment"]
    assert "hunter2" not in str(observation.to_json())
    assert good["daemon_reads"] is True
    assert "named bad.sh" in str(by_source["/etc/cron.d/bad.sh"]["ignored"])
    assert "mode 0666" in str(by_source["/etc/cron.d/open"]["ignored"])
    assert by_source["/etc/cron.d/open"]["script_exists"] is False
    spool = by_source["/var/spool/cron/crontabs/alice"]
    assert "belongs to" in str(spool["ignored"])
    assert spool["user"] == "alice"
    assert by_source["/etc/cron.daily/rotate"]["daemon_reads"] is True
    assert by_source["/etc/cron.daily/rotate.sh"]["daemon_reads"] is False
    assert by_source["/etc/cron.daily/plain"]["ignored"] == "it is not executable"
    assert by_source["b.timer"]["schedule"] == "OnCalendar=daily; OnBootSec=5m"
    assert by_source["b.timer"]["command"] == "/opt/backup --t"
    assert (by_source["b.timer"]["user"], by_source["b.timer"]["daemon_reads"]) == ("app", True)
    assert by_source["off.timer"]["ignored"] == "the timer is not enabled"
    assert [gap.subject for gap in observation.gaps] == ["/etc/crontab:3"]


def test_without_a_cron_daemon_no_table_is_read(collect: Collect, tree: Tree) -> None:
    root = tree({"/etc/crontab": "0 2 * * * root /opt/backup\n"})
    observation = collect("host.cron_job", root=str(root))
    assert observation.facts["cron_installed"] is False
    assert observation.resources[0].data["daemon_reads"] is False


def test_promised_jobs(collect: Collect, tree: Tree) -> None:
    root = tree(
        {
            "/etc/cron.d/jobs": "00 2 * * * root /opt/backup full\n0 3 * * * root /opt/scan\n",
            "/etc/cron.d/dead.old": "@daily root /opt/lost\n",
            "/var/log/backup.log": "done",
        }
    )
    program(root, "/opt/backup")
    program(root, "/usr/sbin/cron")
    expected = [
        {
            "name": "backup",
            "contains": "/opt/backup",
            "schedule": "0 2 * * *",
            "user": "root",
            "log": "/var/log/backup.log",
        },
        {"name": "scan", "contains": "/opt/scan", "schedule": "@daily", "log": "/var/log/none"},
        {"name": "lost", "contains": "/opt/lost"},
    ]
    found = rows(collect("host.expected_job", root=str(root), expected_jobs=expected), "name")
    assert found["backup"]["schedule_equal"] is True
    assert found["backup"]["user_equal"] is True
    assert found["backup"]["script_exists"] is True
    assert found["backup"]["log_modified_at"] is not None
    assert found["scan"]["schedule_equal"] is False
    assert found["scan"]["script_exists"] is False
    assert found["scan"]["log_modified_at"] is None
    assert (found["lost"]["found"], found["lost"]["schedule_equal"]) == (False, None)


def test_scripts_of_jobs_are_analysed(collect: Collect, tree: Tree) -> None:
    root = tree({"/etc/cron.d/jobs": "@daily root /opt/bad.sh\n@daily root /opt/tool\n"})
    program(root, "/usr/sbin/cron")
    program(root, "/opt/bad.sh", "#!/bin/sh\npg_dump -pX | gzip > /b || true\n")
    program(root, "/opt/tool", "\x7fELF\x02\0")
    program(root, "/opt/extra.py", "#!/usr/bin/env python3\n")
    observation = collect("host.script", root=str(root), scripts=["/opt/extra.py", "/opt/gone"])
    found = rows(observation, "path")
    assert found["/opt/bad.sh"]["rules_hit"] == ["always_true", "no_errexit", "no_pipefail"]
    assert found["/opt/bad.sh"]["analysed"] is True
    assert found["/opt/tool"]["analysed"] is False
    assert (found["/opt/extra.py"]["interpreter"], found["/opt/extra.py"]["analysed"]) == (
        "python3",
        False,
    )
    assert found["/opt/gone"]["exists"] is False


def test_rotation_as_configured_and_as_found(collect: Collect, tree: Tree) -> None:
    stanza = "{\n daily\n rotate 14\n compress\n create 0640 root adm\n}\n"
    root = tree(
        {
            "/etc/logrotate.conf": "weekly\nrotate 4\ninclude /etc/logrotate.d\n",
            "/etc/logrotate.d/app": f"/var/log/app/*.log {stanza}",
            "/etc/logrotate.d/zz": "/var/log/app/a.log {\n}\n",
            "/etc/logrotate.d/old.dpkg-old": "/var/log/never {\n}\n",
            "/var/log/app/a.log": "",
            "/var/log/app/a.log.1": "",
            "/var/log/app/a.log.2.gz": "",
            "/var/lib/logrotate/status": "logrotate state -- version 2\n"
            '"/var/log/app/a.log" 2026-3-30-6:25:0\n',
        }
    )
    for name, mode, days in (("a.log", 0o640, 0), ("a.log.1", 0o640, 1), ("a.log.2.gz", 0o644, 2)):
        (root / "var/log/app" / name).chmod(mode)
        touch(root / "var/log/app" / name, _NOW - timedelta(days=days))
    found = rows(collect("host.logrotate_stanza", root=str(root)), "id")
    app = found["/etc/logrotate.d/app /var/log/app/*.log"]
    assert (app["frequency"], app["rotate"], app["create_mode"]) == ("daily", 14, "0640")
    assert (app["files"], app["rotated_files"], app["widest_mode"]) == (1, 2, "0644")
    assert app["others_read"] is True
    assert app["last_rotated_at"] == "2026-03-30T06:25:00Z"
    assert app["duplicate_of"] is None
    later = found["/etc/logrotate.d/zz /var/log/app/a.log"]
    assert later["duplicate_of"] == "/etc/logrotate.d/app /var/log/app/*.log"
    assert len(found) == 2
    files = rows(
        collect(
            "host.log_file", root=str(root), log_files=["/var/log/app/a.log", "/var/log/b.log"]
        ),
        "path",
    )
    assert files["/var/log/app/a.log"]["expected"] is True
    assert files["/var/log/app/a.log.2.gz"]["live_path"] == "/var/log/app/a.log"
    assert files["/var/log/app/a.log.2.gz"]["compressed"] is True
    assert (files["/var/log/b.log"]["exists"], files["/var/log/b.log"]["mode"]) == (False, None)


def test_damaged_rotation_is_a_gap(collect: Collect, tree: Tree) -> None:
    root = tree(
        {
            "/etc/logrotate.conf": "include /etc/none\n/var/log/a {\n rotate x\n",
            "/var/lib/logrotate/status": "rubbish\n",
        }
    )
    observation = collect("host.logrotate_stanza", root=str(root))
    assert {gap.subject for gap in observation.gaps} == {
        "/etc/none",
        "/etc/logrotate.conf:2",
        "/etc/logrotate.conf:3",
    }
    assert observation.resources[0].unread["last_rotated_at"].cause is Cause.UNPARSABLE


_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ7IVFbTc3yDjGcQh1ZB3QxjvAaE0dnpl2ZbRrYCC1l5"


def test_keys_of_all_accounts(collect: Collect, tree: Tree) -> None:
    root = tree(
        {
            "/root/.ssh/authorized_keys": f"{_KEY} alice@laptop\nrubbish\n",
            "/home/alice/.ssh/authorized_keys": f'from="10.0.0.1" {_KEY}\n',
        }
    )
    first = collect("host.authorized_key", root=str(root))
    assert [gap.subject for gap in first.gaps] == ["/root/.ssh/authorized_keys:2"] * 1
    assert "AAAAC3Nza" not in str(first.to_json())
    # root and toor share a home: the key lets both in
    assert [each.data["user"] for each in first.resources] == ["alice", "root", "toor"]
    print_of = str(first.resources[0].data["fingerprint"])
    listed = [{"fingerprint": print_of, "owner": "alice", "added_on": "2026-01-01T00:00:00Z"}]
    alice = collect("host.authorized_key", root=str(root), authorized_keys=listed).resources[0].data
    assert (alice["listed"], alice["owner"], alice["restricted"]) == (True, "alice", True)
    assert alice["added_on"] == "2026-01-01T00:00:00Z"


def test_directory_service_is_a_gap_where_local_files_are_not_all(
    collect: Collect, tree: Tree
) -> None:
    root = tree({"/etc/nsswitch.conf": "passwd: files sss\n"})
    observation = collect("host.authorized_key", root=str(root))
    assert [gap.cause for gap in observation.gaps] == [Cause.NOT_SUPPORTED]


def test_pam_of_debian_and_of_red_hat(collect: Collect, tree: Tree, tmp_path: Path) -> None:
    good = "auth required pam_faillock.so\n"
    root = tree(
        {
            "/etc/pam.d/common-auth": f"{good}auth required pam_unix.so\n",
            "/etc/pam.d/common-password": "password required pam_pwquality.so\n",
            "/etc/security/faillock.conf": "deny = 5\n",
            "/etc/security/pwquality.conf": "minlen = 14\n",
            "/etc/security/pwquality.conf.d/10.conf": "minlen = 8\nminclass = 4\n",
        }
    )
    data = collect("host.pam", root=str(root)).resources[0].data
    assert (data["lockout_in_stack"], data["deny"], data["min_length"]) == (True, 5, 14)
    assert data["min_class"] == 4
    other = tmp_path / "redhat"
    folder = other / "etc/pam.d"
    folder.mkdir(parents=True)
    (folder / "system-auth").write_text(good, encoding="utf-8")
    (folder / "password-auth").write_text("auth required pam_unix.so\n", encoding="utf-8")
    data = collect("host.pam", root=str(other)).resources[0].data
    assert data["lockout_in_stack"] is False, "one of the two ways in is open"


@pytest.mark.parametrize(
    "files",
    [
        {"/etc/pam.d/common-auth": "@include gone\n"},
        {"/etc/pam.d/common-auth": "@include common-auth\n"},
        {"/etc/pam.d/common-auth": "auth required pam_faillock.so deny=many\n"},
        {},
    ],
)
def test_damaged_pam_is_unread(collect: Collect, tree: Tree, files: Mapping[str, str]) -> None:
    (row,) = collect("host.pam", root=str(tree(files))).resources
    assert "lockout_in_stack" in row.unread


def test_journal_of_a_tree(collect: Collect, tree: Tree) -> None:
    head = (b"LPKSHHRH" + struct.pack("<I", 1)).ljust(184, b"\0")
    entry = head + struct.pack("<QQQ", 1_700_000_000_000_000, 1_700_000_500_000_000, 0)
    root = tree(
        {
            "/usr/lib/systemd/systemd-journald": "",
            "/etc/systemd/journald.conf": "[Journal]\nSystemMaxUse=1G\n",
            "/usr/lib/systemd/journald.conf.d/10.conf": "[Journal]\nStorage=volatile\n",
            "/etc/systemd/journald.conf.d/10.conf": "[Journal]\nStorage=auto\nSeal=no\n",
            "/var/log/journal/abc/system.journal": entry,
        }
    )
    data = collect("host.journald", root=str(root)).resources[0].data
    assert (data["storage"], data["persistent"], data["seal"]) == ("auto", True, False)
    assert (data["files"], data["sealed_files"]) == (1, 1)
    assert data["oldest_entry_at"] == "2023-11-14T22:13:20Z"
    (root / "var/log/journal/abc/broken.journal").write_bytes(b"x")
    (row,) = collect("host.journald", root=str(root)).resources
    assert row.unread["oldest_entry_at"].cause is Cause.UNPARSABLE
    (root / "etc/systemd/journald.conf").write_text("[Journal]\nForwardToSyslog=maybe\n", "utf-8")
    (row,) = collect("host.journald", root=str(root)).resources
    assert row.unread["storage"].cause is Cause.UNPARSABLE


def test_audit_daemon_of_a_tree(collect: Collect, tree: Tree) -> None:
    root = tree(
        {
            "/etc/audit/auditd.conf": "max_log_file_action = ROTATE\n",
            "/etc/audit/rules.d/99.rules": "-w /etc/passwd -p wa\n-e 2\n",
        }
    )
    program(root, "/usr/sbin/auditd")
    (row,) = collect("host.auditd", root=str(root)).resources
    assert row.data["max_log_file_action"] == "rotate"
    assert row.data["locked_in_configuration"] is True
    assert row.unread["loaded_rules"].cause is Cause.NOT_SUPPORTED


def test_links_do_not_lead_out_of_the_tree(collect: Collect, tree: Tree, tmp_path: Path) -> None:
    outside = tmp_path.parent / f"{tmp_path.name}-outside"
    outside.write_text("root:x:0:0::/:/bin/sh\nintruder:x:1:1::/:/bin/sh\n", encoding="utf-8")
    root = tree({"/etc/real": "inside:x:5:5::/:/bin/sh\n"})
    passwd = root / "etc/passwd"
    passwd.unlink()
    passwd.symlink_to(f"../../../{outside.name}")
    assert collect("host.user", root=str(root)).gaps[0].subject == "/etc/passwd"
    passwd.unlink()
    passwd.symlink_to("/etc/real")
    assert [r.data["name"] for r in collect("host.user", root=str(root)).resources] == ["inside"]
    passwd.unlink()
    passwd.symlink_to("passwd")
    assert collect("host.user", root=str(root)).gaps[0].cause is Cause.UNPARSABLE


def test_file_above_the_limit_is_truncated_and_not_half_read(collect: Collect, tree: Tree) -> None:
    root = tree({"/etc/passwd": "x" * (5 * 2**20)})
    assert [gap.cause for gap in collect("host.user", root=str(root)).gaps] == [Cause.TRUNCATED]


def test_name_that_is_no_text_is_escaped(collect: Collect, tree: Tree) -> None:
    root = tree({"/etc/cron.daily/x": "", "/usr/sbin/cron": ""})
    (root / "etc/cron.daily" / "name\udce9").write_text("", encoding="utf-8")
    sources = [r.data["source"] for r in collect("host.cron_job", root=str(root)).resources]
    assert "/etc/cron.daily/name\\udce9" in sources


def test_packages_of_a_tree(collect: Collect, tree: Tree) -> None:
    root = tree(
        {
            "/var/lib/apt/lists/x_security_InRelease": "Label: Debian-Security\n"
            "Date: Fri, 20 Nov 2026 00:12:41 UTC\n",
            "/var/lib/dpkg/status": "Package: a\nStatus: hold ok installed\n",
            "/run/reboot-required": "",
            "/run/reboot-required.pkgs": "linux-image\nlibc6\nlibc6\n",
            "/etc/apt/apt.conf.d/20auto": 'APT::Periodic::Unattended-Upgrade "1";\n',
        }
    )
    program(root, "/usr/bin/apt-get")
    (row,) = collect("host.packages", root=str(root)).resources
    assert (row.data["installed"], row.data["held"]) == (1, ["a"])
    assert row.data["security_release_at"] == "2026-11-20T00:12:41Z"
    assert row.data["reboot_required_by"] == ["libc6", "linux-image"]
    assert row.data["unattended_upgrades"] is True
    for name in ("pending", "lists_updated_at", "kernel_running"):
        assert row.unread[name].cause is Cause.NOT_SUPPORTED
    (root / "var/lib/apt/lists/x_security_InRelease").write_text(
        "Label: Debian-Security\n", "utf-8"
    )
    (root / "var/lib/dpkg/status").unlink()
    (row,) = collect("host.packages", root=str(root)).resources
    assert row.unread["security_release_at"].cause is Cause.UNPARSABLE
    assert "installed" in row.unread


def test_masked_timer_and_drop_in(collect: Collect, tree: Tree) -> None:
    root = tree(
        {
            "/usr/lib/systemd/system/a.timer": "[Timer]\nOnCalendar=daily\n",
            "/usr/lib/systemd/system/a.service": "[Service]\nExecStart=/opt/a\n"
            'Environment="A=1" DB_PASSWORD=hunter2\nEnvironment="open\n',
            "/etc/systemd/system/a.timer.d/x.conf": "[Timer]\nOnCalendar=\nOnCalendar=weekly\n",
        }
    )
    (root / "etc/systemd/system/gone.timer").symlink_to("/dev/null")
    found = rows(collect("host.cron_job", root=str(root)), "source")
    assert found["a.timer"]["schedule"] == "OnCalendar=weekly"
    assert found["a.timer"]["secrets"] == ["environment"]
    assert "hunter2" not in str(found)
    assert found["gone.timer"]["ignored"] == "masked"


def test_rotation_into_another_folder_and_by_wildcard(collect: Collect, tree: Tree) -> None:
    root = tree(
        {
            "/etc/logrotate.conf": "include /etc/one\n/var/log/*log* {\n daily\n olddir old\n}\n",
            "/etc/one": "/var/log/x {\n}\nrelative {\n}\n",
            "/var/log/log": "",
            "/var/log/log.1": "",
            "/var/log/old/log.2.gz": "",
        }
    )
    found = rows(collect("host.logrotate_stanza", root=str(root)), "pattern")
    assert (found["/var/log/*log*"]["files"], found["/var/log/*log*"]["rotated_files"]) == (1, 1)
    assert found["/var/log/x"]["widest_mode"] is None
    assert found["relative"]["files"] == 0


def test_damaged_zone_makes_the_last_rotation_unread(collect: Collect, tree: Tree) -> None:
    root = tree(
        {
            "/etc/logrotate.conf": "/var/log/a {\n}\n",
            "/var/lib/logrotate/status": '"/var/log/a" 2026-3-30-6:25:0\n',
            "/etc/localtime": "no zone",
        }
    )
    (row,) = collect("host.logrotate_stanza", root=str(root)).resources
    assert row.unread["last_rotated_at"].cause is Cause.UNPARSABLE


def test_job_is_promised_by_its_program_and_not_by_its_text(collect: Collect, tree: Tree) -> None:
    root = tree(
        {
            "/etc/cron.d/jobs": "0 2 * * * root : # /opt/backup\n"
            "0 3 * * * root true || /opt/scan\n"
            "0 4 * * * root /usr/bin/prepare && flock /l /opt/last\n"
            "0 5 * * * root /opt/other full # /opt/sync full\n0 6 * * * root /opt/sync part\n",
            "/etc/systemd/system/b.timer": "[Timer]\nOnCalendar=daily\n",
            "/etc/systemd/system/b.service": "[Service]\nExecStart=/bin/true\n",
        }
    )
    wants = root / "etc/systemd/system/timers.target.wants"
    wants.mkdir()
    (wants / "b.timer").symlink_to("/etc/systemd/system/b.timer")
    for path in ("/opt/backup", "/opt/scan", "/opt/last", "/opt/sync", "/usr/sbin/cron"):
        program(root, path)
    expected = [
        {"name": name, "contains": text}
        for name, text in (
            ("backup", "/opt/backup"),
            ("scan", "/opt/scan"),
            ("last", "/opt/last"),
            ("full", "/opt/sync full"),
            ("part", "/opt/sync part"),
            ("unit", "b.timer"),
        )
    ]
    found = rows(collect("host.expected_job", root=str(root), expected_jobs=expected), "name")
    assert {name: (row["found"], row["script"]) for name, row in found.items()} == {
        "backup": (False, None),
        "scan": (False, None),
        "last": (True, "/opt/last"),
        "full": (False, None),
        "part": (True, "/opt/sync"),
        "unit": (False, None),
    }


def test_jobs_of_anacron_and_at_are_looked_through(collect: Collect, tree: Tree) -> None:
    root = tree(
        {
            "/etc/anacrontab": "1 5 leak curl -u admin:hunter2secret https://x/\nrubbish\n",
            "/var/spool/cron/atjobs/a0001": "export AWS_SECRET_ACCESS_KEY=abcdefghijklmnop\n",
        }
    )
    program(root, "/usr/sbin/anacron")
    observation = collect("host.cron_job", root=str(root))
    found = rows(observation, "source")
    anacron, at = found["/etc/anacrontab"], found["/var/spool/cron/atjobs/a0001"]
    assert (anacron["kind"], anacron["schedule"], anacron["daemon_reads"]) == (
        "anacron",
        "every 1 days",
        True,
    )
    assert anacron["secrets"] == ["http_password"]
    assert (at["kind"], at["secrets"], at["script"]) == ("at", ["environment"], None)
    assert at["ignored"] == "no at daemon is installed"
    assert "abcdefghijklmnop" not in str(observation.to_json())
    assert [gap.subject for gap in observation.gaps] == ["/etc/anacrontab:2"]


def test_script_without_an_interpreter_is_a_shell_script(collect: Collect, tree: Tree) -> None:
    root = tree({"/etc/crontab": "@daily root /opt/job\n"})
    program(root, "/usr/sbin/cron")
    program(root, "/opt/job", "pg_dump x | gzip > y\n")
    program(root, "/opt/x.py", "print(1)\n")
    found = rows(collect("host.script", root=str(root), scripts=["/opt/x.py"]), "path")
    assert (found["/opt/job"]["analysed"], found["/opt/job"]["interpreter"]) == (True, None)
    assert found["/opt/job"]["rules_hit"] == ["no_errexit", "no_pipefail"]
    assert found["/opt/x.py"]["analysed"] is False


@pytest.mark.parametrize(
    "files",
    [
        {"/etc/nsswitch.conf": "passwd: files extrausers altfiles\n"},
        {"/etc/nsswitch.conf": "passwd: files\nshadow: files extrausers\n"},
        {"/etc/nsswitch.conf": "passwd: files systemd\n", "/etc/userdb/evil.user": "{}"},
    ],
)
def test_accounts_of_other_sources_are_a_gap(
    collect: Collect, tree: Tree, files: Mapping[str, str]
) -> None:
    observation = collect("host.user", root=str(tree(files)))
    assert [gap.subject for gap in observation.gaps] == ["nsswitch.conf"]
    keys = collect("host.authorized_key", root=str(tree(files)))
    assert bool(keys.gaps) is ("shadow" not in files["/etc/nsswitch.conf"])


def test_source_of_systemd_without_records_adds_nobody(collect: Collect, tree: Tree) -> None:
    root = tree({"/etc/nsswitch.conf": "passwd: files systemd\nshadow: files\n"})
    assert collect("host.user", root=str(root)).gaps == ()


def test_key_outside_of_homes_counts_for_an_account_without_one(
    collect: Collect, tree: Tree
) -> None:
    root = tree({"/etc/passwd": "x:x:5:5:::/bin/sh\n", "/.ssh/authorized_keys": f"{_KEY} a\n"})
    (row,) = collect("host.authorized_key", root=str(root)).resources
    assert row.data["user"] == "x"
