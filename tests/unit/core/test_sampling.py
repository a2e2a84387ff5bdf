from __future__ import annotations

import hashlib
import hmac
import subprocess
from collections import Counter
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.core.canonical import canonical
from auditor.core.sampling import (
    FrozenPopulation,
    PopulationItem,
    SampleSizes,
    check_nonce,
    draw,
    make_seed,
    parse_population,
)
from auditor.errors import UsageError, VerificationError

NAMES = [hashlib.sha256(str(n).encode()).hexdigest() for n in range(100)]
ROOT, DIGEST = "AAAA=", "sha256:" + "0" * 64


def _item(name: str) -> PopulationItem:
    return PopulationItem(name, "c/k", "t", "r", "", "run-1", "run-2", 2, "")


def _population(*names: str) -> FrozenPopulation:
    since, until = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC)
    items = tuple(_item(name) for name in names)
    return FrozenPopulation("c", "k", since, until, "daily", ("run-1",), (), items)


def test_seed_is_what_a_shell_computes() -> None:
    script = 'printf "auditor-sample-1\\n%s\\n%s\\n%s\\n" "$1" "$2" "$3" | sha256sum'
    command = ["sh", "-c", script, "sh", ROOT, DIGEST, "a nonce"]
    out = subprocess.run(command, capture_output=True, check=True, text=True)

    assert out.stdout.split()[0] == make_seed(ROOT, DIGEST, "a nonce").hex()


def test_ticket_is_what_openssl_computes() -> None:
    seed = make_seed(ROOT, DIGEST, "n")
    command = ["openssl", "dgst", "-sha256", "-mac", "HMAC", "-macopt", f"hexkey:{seed.hex()}"]
    tickets = {
        subprocess.run(command, input=name.encode(), capture_output=True, check=True)
        .stdout.split()[-1]
        .decode(): name
        for name in NAMES[:12]
    }

    assert draw(seed, NAMES[:12], 5) == tuple(tickets[ticket] for ticket in sorted(tickets)[:5])


@given(st.binary(min_size=32, max_size=32), st.integers(1, 120), st.randoms())
def test_draw_depends_on_no_order_and_repeats_nothing(
    seed: bytes, size: int, random: object
) -> None:
    mixed = list(NAMES)
    random.shuffle(mixed)  # type: ignore[attr-defined] # hypothesis gives random.Random

    drawn = draw(seed, mixed, size)

    assert drawn == draw(seed, NAMES, size)
    assert len(set(drawn)) == len(drawn) == min(size, len(NAMES))
    assert set(drawn) <= set(NAMES)


def test_larger_draw_begins_with_the_smaller_one() -> None:
    seed = make_seed(ROOT, DIGEST, "n")

    assert draw(seed, NAMES, 40)[:10] == draw(seed, NAMES, 10)


def test_every_item_is_about_as_likely() -> None:
    found = Counter(
        name
        for number in range(2000)
        for name in draw(hashlib.sha256(str(number).encode()).digest(), NAMES[:20], 5)
    )

    assert set(found) == set(NAMES[:20])
    assert all(400 < count < 600 for count in found.values())  # 500 expected, deviation 19


@pytest.mark.parametrize("part", range(3))
def test_root_population_and_nonce_each_change_the_seed(part: int) -> None:
    parts = [ROOT, DIGEST, "n"]
    other = list(parts)
    other[part] += "x"

    assert make_seed(*parts) != make_seed(*other)


@pytest.mark.parametrize("nonce", ["", " ", "a\nb", " a", "a ", "é", "x" * 129, "a\x1b"])
def test_nonce_that_a_shell_could_lose_is_refused(nonce: str) -> None:
    with pytest.raises(UsageError, match="printable ASCII"):
        check_nonce(nonce)


@pytest.mark.parametrize("nonce", ["7", "a b", "x" * 128])
def test_printable_nonce_is_kept(nonce: str) -> None:
    assert check_nonce(nonce) == nonce


def test_population_reads_back_and_holds_no_result() -> None:
    data = _population(*sorted(NAMES[:3])).to_bytes()

    document = parse_population(data)

    assert canonical(document) == data
    assert set(document["items"][0]) == set(PopulationItem.__slots__)  # type: ignore[index]


@pytest.mark.parametrize(
    "change",
    [
        {"schema": "other-1"},
        {"items": [{"fingerprint": "b"}, {"fingerprint": "a"}]},
        {"items": [{"fingerprint": "a"}, {"fingerprint": "a"}]},
        {"items": [{}]},
        {"items": 7},
    ],
)
def test_other_population_is_refused(change: dict[str, object]) -> None:
    document = parse_population(_population("a", "b").to_bytes()) | change

    with pytest.raises(VerificationError):
        parse_population(canonical(document))


def test_sizes_grow_with_the_frequency() -> None:
    sizes = SampleSizes()

    order = ("yearly", "quarterly", "monthly", "weekly", "daily", "hourly")
    assert [sizes.of(name) for name in order] == [1, 2, 3, 8, 25, 40]
    assert sizes.of("continuous") == 40
    assert sizes.of("on_event") == 25


def test_draw_is_by_hmac_under_the_seed() -> None:
    seed = b"s" * 32

    first = min(NAMES, key=lambda name: hmac.digest(seed, name.encode(), "sha256"))

    assert draw(seed, NAMES, 1) == (first,)
