"""Who may do something by code that runs with the rights of somebody who may. Pure.

A piece of code is a pair: as whom it acts, and who can have it run.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

Code = tuple[str, Collection[str]]


def mighty(code: Iterable[Code], able: Iterable[str]) -> frozenset[str]:
    """Those who may by themselves, and those who may by code, which may run other code.

    Args:
        able: Those who may by themselves.
    """
    known = list(code)
    found = set(able)
    more = True
    while more:
        reached = {who for owner, whom in known if owner in found for who in whom}
        more = not reached <= found
        found |= reached
    return frozenset(found)


def detours(code: Sequence[Code], able: Collection[str], who: str) -> list[int]:
    """By which pieces of code somebody could do it; their places in `code`.

    Code that could only run other code is left out where `who` can run all of that other code
    too: it is in the list, and running it by a detour does no more.

    Args:
        able: Those who may by themselves.
    """
    strong = mighty(code, able)
    ours = [at for at, (owner, whom) in enumerate(code) if owner in strong and who in whom]
    beyond = {one for owner, whom in code if owner in strong and who not in whom for one in whom}
    return [at for at in ours if code[at][0] in able or code[at][0] in beyond]
