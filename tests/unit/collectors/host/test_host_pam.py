"""PAM stacks and the files of their modules."""

from __future__ import annotations

import pytest

from auditor.collectors.host.parse.pam import pam_fields, parse_pam, parse_settings

_STACK = """# stack
auth required pam_faillock.so preauth deny=4
auth [success=2 default=ignore] pam_unix.so nullok
-auth optional /lib/security/pam_other.so
password requisite pam_pwquality.so retry=3 minlen=16
password required pam_pwhistory.so remember=5
password [success=1 default=ignore] \\
   pam_unix.so obscure yescrypt
@include other
auth substack inner
"""


def test_arguments_win_over_files() -> None:
    lines, problems = parse_pam(_STACK)
    assert problems == []
    assert [line.include for line in lines if line.include] == ["other", "inner"]
    fields = pam_fields(
        lines,
        parse_settings("deny = 10\nunlock_time = never\neven_deny_root\n# deny = 1\n"),
        parse_settings("minlen = 8\nminclass = 3\ndictcheck = 0\n"),
    )
    assert fields == {
        "lockout_in_stack": True,
        "lockout_module": "pam_faillock",
        "deny": 4,
        "unlock_time": "0s",
        "fail_interval": None,
        "even_deny_root": True,
        "quality_in_stack": True,
        "quality_module": "pam_pwquality",
        "min_length": 16,
        "min_class": 3,
        "max_repeat": None,
        "dictionary_check": False,
        "enforce_for_root": False,
        "remember": 5,
        "null_passwords_ok": True,
        "hash_algorithm": "yescrypt",
    }


def test_module_that_is_configured_and_in_no_stack_is_seen() -> None:
    fields = pam_fields([], parse_settings("deny=5\nunlock_time=600"), {})
    assert fields["lockout_in_stack"] is False
    assert fields["deny"] == 5
    assert fields["unlock_time"] == "10m"
    assert fields["null_passwords_ok"] is False


def test_damaged_line_is_a_problem() -> None:
    assert [n for n, _ in parse_pam("auth required\nnonsense\n")[1]] == [1, 2]


def test_value_that_is_no_number_is_refused() -> None:
    with pytest.raises(ValueError, match="deny is 'many'"):
        pam_fields([], {"deny": "many"}, {})
