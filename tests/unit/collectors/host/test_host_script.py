"""Rules on shell scripts: each mistake is found, the right way is not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.collectors.host.parse.script import analyse, interpreter_of

_SAFE = "#!/bin/bash\nset -euo pipefail\n"


def _rules(line: str, head: str = _SAFE) -> set[str]:
    return {hit.rule for hit in analyse(head + line + "\n").hits}


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        ("tar czf /b/x.tgz /srv || true", "always_true"),
        ("gzip -t $f || exit 0", "always_true"),
        ("gzip -t $f || echo failed", "always_true"),
        ('if [ "$usage" > 80 ]; then mail; fi', "redirect_comparison"),
        ('if [[ "$usage" > "80" ]]; then mail; fi', "string_number_comparison"),
        ("if [[ $usage > 80% ]]; then mail; fi", "string_number_comparison"),
        ('echo "0 2 * * * /opt/b" | crontab -', "replaces_crontab"),
        ("  local out=$(pg_dump shop)", "masked_status"),
        ("curl -s https://hooks/x", "curl_without_fail"),
        ("PGPASSWORD=hunter2 pg_dump shop", "secret"),
    ],
)
def test_mistake_is_found(line: str, rule: str) -> None:
    assert rule in _rules(line)


@pytest.mark.parametrize(
    "line",
    [
        'if [ "$usage" -gt 80 ]; then mail; fi',
        "if (( usage > 80 )); then mail; fi",
        "pg_dump shop > /b/shop.sql",
        "[ -f /x ] && cat < /y > /z",
        "curl -fsS https://x",
        "curl --fail -s https://x",
        "# tar || true",
        "crontab -l > /b/crontab",
        "cmd 2>&1 >> /var/log/x",
        "a || b",
        "cd /srv",
        "local out; out=$(pg_dump shop)",
    ],
)
def test_right_way_is_no_hit(line: str) -> None:
    assert _rules(line) == set()


def test_missing_options() -> None:
    found = analyse("#!/bin/sh\npg_dump shop | gzip > /b/x.gz\ncd /srv\nrm -rf old\n")
    assert (found.errexit, found.nounset, found.pipefail) == (False, False, False)
    assert {hit.rule for hit in found.hits} == {"no_errexit", "no_pipefail", "unchecked_cd"}


@pytest.mark.parametrize(
    "head",
    [
        "#!/bin/bash -eu\nset -o pipefail\n",
        "#!/bin/bash\nset -e\nset -u -o pipefail\n",
        "#!/usr/bin/env bash\nset -Eeuo pipefail\n",
        "#!/bin/bash\nset -o errexit -o nounset -o pipefail\n",
    ],
)
def test_options_are_seen_in_every_way_of_writing(head: str) -> None:
    found = analyse(head + "a | b\n")
    assert (found.errexit, found.nounset, found.pipefail) == (True, True, True)
    assert found.hits == ()


def test_hit_names_the_line_and_shows_no_secret() -> None:
    hits = analyse(_SAFE + "a \\\n  b\nmysqldump -phunter2 shop\n").hits
    assert [(hit.rule, hit.line) for hit in hits] == [("secret", 5)]
    assert "hunter2" not in hits[0].text


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("#!/bin/bash -e", "bash"),
        ("#! /usr/bin/env python3", "python3"),
        ("#!/usr/bin/env -S bash -e", "bash"),
        ("echo", None),
    ],
)
def test_interpreter(line: str, name: str | None) -> None:
    assert interpreter_of(line) == name


@given(st.text(max_size=300))
def test_any_text_is_analysed(text: str) -> None:
    analyse(text)


@pytest.mark.parametrize(
    "text",
    [
        "#!/bin/bash\nset -euo pipefail\nset +e\nset +o pipefail\na | b\n",
        "#!/bin/bash\nset -euo pipefail\nif x; then set +eo pipefail; fi\na | b\n",
        "#!/bin/bash -e\nset -o pipefail\n  set +e +o pipefail\na | b\n",
        "#!/bin/bash\nmain() {\nset -euo pipefail\n}\na | b\n",
        "#!/bin/bash\nif false; then\nset -euo pipefail\nfi\na | b\n",
        "#!/bin/bash\n(\nset -euo pipefail\n)\na | b\n",
    ],
)
def test_options_that_are_taken_back_or_hold_elsewhere_do_not_count(text: str) -> None:
    assert {"no_errexit", "no_pipefail"} <= {hit.rule for hit in analyse(text).hits}


def test_options_behind_a_function_and_a_case_count() -> None:
    head = "#!/bin/bash\nf() {\n  x\n}\ncase $1 in\n a) x ;;\n b) y ;;\nesac\n"
    assert analyse(head + "set -euo pipefail\na | b\n").hits == ()
