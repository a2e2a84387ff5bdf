"""Real programs on real configuration files: sshd, sudo's converter, apt, logrotate."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from auditor.collectors.host.parse.logrotate import parse_configuration
from auditor.core.model.status import Cause
from tests.services.host.conftest import Collect, rows

pytestmark = [
    pytest.mark.service,
    pytest.mark.skipif(os.geteuid() != 0, reason="sshd -T and cvtsudoers read as root"),
]


@pytest.fixture
def host_key(tmp_path: Path) -> str:
    path = tmp_path / "host_key"
    command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(path)]
    subprocess.run(command, check=True)
    Path("/run/sshd").mkdir(exist_ok=True)  # sshd's own; absent where it never ran
    return f"HostKey {path}\n"


def _sshd(collect: Collect, tmp_path: Path, text: str) -> dict[str, object]:
    config = tmp_path / "sshd_config"
    config.write_text(text, encoding="utf-8")
    (row,) = collect("host.sshd", sshd_config=str(config)).resources
    return {**row.data, **{name: gap.cause for name, gap in row.unread.items()}}


def test_hardened_sshd(collect: Collect, tmp_path: Path, host_key: str) -> None:
    found = _sshd(
        collect,
        tmp_path,
        host_key + "PermitRootLogin no\nPasswordAuthentication no\nMaxAuthTries 4\n"
        "LoginGraceTime 1m\nClientAliveInterval 300\nLogLevel VERBOSE\n"
        "Ciphers aes256-gcm@openssh.com\nAllowGroups ssh\n",
    )
    assert found["installed"] is True
    assert found["permit_root_login"] == "no"
    assert found["password_authentication"] is False
    assert found["max_auth_tries"] == 4
    assert (found["login_grace_time"], found["client_alive_interval"]) == ("60s", "300s")
    assert found["ciphers"] == ["aes256-gcm@openssh.com"]
    assert found["allow_groups"] == ["ssh"]
    assert found["match_overrides"] == []
    assert isinstance(found["version_number"], int)
    assert found["version_number"] >= 800
    assert not [value for value in found.values() if isinstance(value, Cause)]


def test_root_that_a_match_block_lets_in_again(
    collect: Collect, tmp_path: Path, host_key: str
) -> None:
    (tmp_path / "inc.conf").write_text(
        "Match Address 10.0.0.0/8\n  PermitRootLogin yes\n", encoding="utf-8"
    )
    text = f"{host_key}PermitRootLogin no\nInclude {tmp_path}/*.conf\n"
    found = _sshd(collect, tmp_path, text)
    assert found["permit_root_login"] == "no"
    assert found["match_overrides"] == [
        {
            "criteria": "Address 10.0.0.0/8",
            "keyword": "permitrootlogin",
            "value": "yes",
            "source": f"{tmp_path}/inc.conf:2",
        }
    ]


def test_keys_of_a_match_block_are_read_and_its_commands_named(
    collect: Collect, tmp_path: Path, host_key: str
) -> None:
    public = (tmp_path / "host_key.pub").read_text(encoding="utf-8")
    (tmp_path / "deploy_keys").write_text(public, encoding="utf-8")
    config = tmp_path / "sshd_config"
    config.write_text(
        f"{host_key}AuthorizedKeysFile none\nMatch User root\n"
        f"  AuthorizedKeysFile {tmp_path}/deploy_keys\n  AuthorizedKeysCommand /bin/getkeys\n"
        "Match User bob\n  AuthorizedKeysCommand none\n",
        encoding="utf-8",
    )
    observation = collect("host.authorized_key", sshd_config=str(config))
    assert {row.data["source"] for row in observation.resources} == {f"{tmp_path}/deploy_keys"}
    assert "root" in {row.data["user"] for row in observation.resources}
    assert [gap.subject for gap in observation.gaps] == ["authorizedkeyscommand"]


def test_configuration_that_sshd_refuses_is_unread(collect: Collect, tmp_path: Path) -> None:
    found = _sshd(collect, tmp_path, "PermitRootLogin perhaps\n")
    assert found["permit_root_login"] is Cause.UNPARSABLE
    assert found["installed"] is True


def _sudoers(tmp_path: Path, text: str, included: str = "") -> str:
    folder = tmp_path / "sudoers.d"
    folder.mkdir(exist_ok=True)
    (folder / "10").write_text(included, encoding="utf-8")
    path = tmp_path / "sudoers"
    path.write_text(f"{text}\n@includedir {folder}\n", encoding="utf-8")
    return str(path)


def test_rules_and_holders_of_real_sudoers(collect: Collect, tmp_path: Path) -> None:
    path = _sudoers(
        tmp_path,
        "Defaults use_pty, logfile=/var/log/sudo.log\nUser_Alias OPS = carol, dave\n"
        "root ALL=(ALL:ALL) ALL\nOPS ALL=(root) NOPASSWD: ALL\n",
        "bob ALL=(root) /bin/ls\n",
    )
    rules = rows(collect("host.sudo_rule", sudoers=path, sudo_holders=["bob", "root"]), "principal")
    assert rules["carol"]["nopasswd_all"] is True
    assert (rules["carol"]["listed"], rules["bob"]["listed"]) == (False, True)
    assert rules["bob"]["all_commands"] is False
    holders = collect("host.sudo_holder", sudoers=path, sudo_holders=["root"])
    found = rows(holders, "user")
    assert sorted(found) == ["bob", "carol", "dave", "root"]
    assert found["carol"]["account_exists"] is False
    assert found["root"]["listed"] is True
    (defaults,) = collect("host.sudo", sudoers=path).resources
    assert defaults.data["log_file"] == "/var/log/sudo.log"
    assert defaults.data["use_pty"] is True


@pytest.mark.parametrize(
    "text",
    [
        "Defaults>root !authenticate\n%sudo ALL=(ALL) ALL\n",
        "Defaults!ALL !authenticate\n%sudo ALL=(ALL) ALL\n",
        "Defaults@ALL !authenticate\n%sudo ALL=(ALL) ALL\n",
        "Defaults:bob !authenticate\n%sudo ALL=(ALL) ALL\n",
        "Defaults exempt_group=sudo\n%sudo ALL=(ALL) PASSWD: ALL\n",
        "%sudo ALL=(ALL) NOPASSWD: /bin/bash\n",
        "%sudo ALL=(ALL) NOPASSWD: /*\n",
    ],
)
def test_every_way_around_the_password_is_seen(collect: Collect, tmp_path: Path, text: str) -> None:
    (row,) = collect("host.sudo_rule", sudoers=_sudoers(tmp_path, text)).resources
    assert row.data["nopasswd_all"] is True


def test_damaged_included_file_is_a_gap_and_not_fewer_rules(
    collect: Collect, tmp_path: Path
) -> None:
    path = _sudoers(tmp_path, "root ALL=(ALL:ALL) ALL", "mallory ALL=(ALL NOPASSWD ALL\n")
    for name in ("host.sudo_rule", "host.sudo_holder"):
        observation = collect(name, sudoers=path)
        assert [gap.cause for gap in observation.gaps] == [Cause.UNPARSABLE]
        assert observation.resources == ()


def test_apt_is_read_and_nothing_is_written(collect: Collect) -> None:
    cache = Path("/var/cache/apt")
    before = sorted((each.name, each.stat().st_mtime_ns) for each in cache.iterdir())
    (row,) = collect("host.packages").resources
    updates = collect("host.pending_update")
    assert sorted((each.name, each.stat().st_mtime_ns) for each in cache.iterdir()) == before
    assert row.data["pending"] == len(updates.resources)
    shown = ["dpkg-query", "-W", "-f", "${db:Status-Abbrev}\n"]
    packages = subprocess.run(shown, check=True, capture_output=True, text=True).stdout
    assert row.data["installed"] == sum(line[1:2] == "i" for line in packages.splitlines())


def test_own_reading_of_logrotate_agrees_with_logrotate(tmp_path: Path) -> None:
    folder = tmp_path / "d"
    folder.mkdir()
    (folder / "a").write_text(f"daily\nrotate 9\n{tmp_path}/a.log {{\n rotate 2\n}}\n", "utf-8")
    (folder / "b").write_text(f"{tmp_path}/b.log {{\n weekly\n}}\n", "utf-8")
    main = tmp_path / "main"
    main.write_text(f"monthly\nrotate 4\ninclude {folder}\n{tmp_path}/z.log {{ }}\n", "utf-8")
    for path in (main, folder / "a", folder / "b"):
        path.chmod(0o644)
    done = subprocess.run(
        ["logrotate", "-d", "-s", str(tmp_path / "state"), str(main)],
        check=False,
        capture_output=True,
        text=True,
    )
    said = {
        line.split()[2]: line.split("  ", 1)[1]
        for line in done.stderr.splitlines()
        if line.startswith("rotating pattern")
    }
    words = {"daily": "after 1 days", "weekly": "weekly", "monthly": "monthly"}

    def include(path: str) -> list[tuple[str, str]]:
        return [(str(p), p.read_text(encoding="utf-8")) for p in sorted(Path(path).iterdir())]

    found = parse_configuration(main.read_text(encoding="utf-8"), str(main), include).stanzas
    ours = {
        each.pattern: f"{words[each.options.frequency]} ({each.options.rotate} rotations)"
        for each in found
    }
    assert said == ours


_FIREWALL = """
import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from auditor.collectors.host import HostCollector
from auditor.collectors.interface import CollectionContext
from auditor.core.model.target import Target
context = CollectionContext(clock=lambda: datetime.now(UTC), executor=ThreadPoolExecutor(1))
(found,) = HostCollector().collect(Target("h", "host", "prod"), ["host.firewall"], context)
print(json.dumps(found.to_json()["resources"][0]["data"]))
"""


def test_rules_of_nft_itself(python: str) -> None:
    """In a network namespace of its own, so that this machine's filter stays as it is."""
    rules = (
        "add table inet f; add chain inet f in { type filter hook input priority 0; policy drop; };"
        "add rule inet f in tcp dport 22 counter accept"
    )
    done = subprocess.run(
        [
            "unshare",
            "-n",
            "sh",
            "-c",
            'nft "$1" && exec "$2" -c "$3"',
            "sh",
            rules,
            python,
            _FIREWALL,
        ],
        check=True,
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[3],
    )
    found = json.loads(done.stdout)
    assert found["input_default_drop"] is True
    assert found["forward_default_drop"] is False
    assert [chain["name"] for chain in found["chains"]] == ["in"]


def test_dormant_table_of_nft_itself_is_unread(python: str) -> None:
    """It holds chains that drop, and filters nothing; nft 1.0.6 prints another word for it."""
    rules = (
        "add table inet f { flags dormant; };"
        "add chain inet f in { type filter hook input priority 0; policy drop; }"
    )
    script = _FIREWALL.replace('["resources"][0]["data"]', '["gaps"]')
    done = subprocess.run(
        ["unshare", "-n", "sh", "-c", 'nft "$1" && exec "$2" -c "$3"', "sh", rules, python, script],
        check=True,
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[3],
    )
    assert "flags" in done.stdout
