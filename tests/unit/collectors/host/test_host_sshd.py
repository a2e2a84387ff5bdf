"""What sshd -T prints, and Match blocks."""

from __future__ import annotations

import pytest

from auditor.collectors.host.parse.sshd import (
    effective_fields,
    match_overrides,
    parse_effective,
    parse_version,
)

_PRINTED = """port 22
permitrootlogin without-password
passwordauthentication no
challengeresponseauthentication yes
maxauthtries 4
logingracetime 60
ciphers aes256-gcm@openssh.com,aes128-ctr
authenticationmethods publickey,keyboard-interactive password
allowusers alice bob
allowusers carol
listenaddress [::]:22
listenaddress 0.0.0.0:22
usepam maybe
"""


def test_fields_of_what_was_printed() -> None:
    fields = effective_fields(parse_effective(_PRINTED))
    assert fields["permit_root_login"] == "prohibit-password"
    assert fields["password_authentication"] is False
    assert fields["kbd_interactive_authentication"] is True
    assert fields["max_auth_tries"] == 4
    assert fields["login_grace_time"] == "60s"
    assert fields["ciphers"] == ["aes256-gcm@openssh.com", "aes128-ctr"]
    assert fields["allow_users"] == ["alice", "bob", "carol"]
    assert fields["allow_groups"] == []
    assert fields["listen_addresses"] == ["0.0.0.0:22", "[::]:22"]


def test_keyword_that_was_not_printed_or_is_odd_has_no_field() -> None:
    fields = effective_fields(parse_effective(_PRINTED))
    assert "macs" not in fields
    assert "permit_empty_passwords" not in fields
    assert "use_pam" not in fields


def test_match_blocks_are_found_through_includes() -> None:
    text = (
        "PermitRootLogin no\nInclude conf.d/*.conf\n# Match comment\n"
        'Match Address 10.0.0.0/8 User="root"\n  PermitRootLogin = yes\n  Include inner\n'
    )
    included = {
        "conf.d/*.conf": [("/a.conf", "Match Group sftp\nPasswordAuthentication yes\n")],
        "inner": [("/inner", "X11Forwarding yes\n")],
    }
    found = match_overrides(text, "/sshd_config", lambda pattern: included[pattern])
    assert [(f.criteria, f.keyword, f.value, f.source) for f in found] == [
        ("Group sftp", "passwordauthentication", "yes", "/a.conf:2"),
        ("Address 10.0.0.0/8 User=root", "permitrootlogin", "yes", "/sshd_config:5"),
        ("Address 10.0.0.0/8 User=root", "x11forwarding", "yes", "/inner:1"),
    ]


def test_file_that_includes_itself_ends() -> None:
    text = "Match all\nInclude self\nBanner none\n"
    assert match_overrides(text, "self", lambda _pattern: [("self", text)])


def test_version() -> None:
    assert parse_version("OpenSSH_9.2p1 Debian-2, OpenSSL 3.0") == ("OpenSSH_9.2p1", 902)
    assert parse_version("unknown option -- V\nOpenSSH_8.10, OpenSSL") == ("OpenSSH_8.10", 810)
    assert parse_version("dropbear") is None


@pytest.mark.parametrize(
    ("line", "keyword"),
    [
        ("ChallengeResponseAuthentication yes", "kbdinteractiveauthentication"),
        ("SKeyAuthentication yes", "kbdinteractiveauthentication"),
        ("PubkeyAcceptedKeyTypes yes", "pubkeyacceptedalgorithms"),
        ('"PermitRootLogin" yes', "permitrootlogin"),
        ("permitrootlogin=yes", "permitrootlogin"),
    ],
)
def test_keyword_of_a_match_block_has_its_present_name(line: str, keyword: str) -> None:
    (found,) = match_overrides(f"Match User bob\n  {line}\n", "/c", lambda _pattern: [])
    assert (found.keyword, found.value) == (keyword, "yes")


def test_line_that_is_no_keyword_is_refused_and_not_passed_over() -> None:
    with pytest.raises(ValueError, match="expected a keyword"):
        match_overrides("Match User bob\n  'PermitRootLogin' yes\n", "/c", lambda _pattern: [])
