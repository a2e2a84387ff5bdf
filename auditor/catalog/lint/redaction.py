"""Rules about fields that are redacted: they stand in no message, no key and no population.

Verdicts and reports cannot be redacted afterwards, and a key must be readable when the disclosures
are gone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from auditor.catalog.library import LoadedControl
from auditor.catalog.lint.interface import LintContext, Rule, Site, sites_of
from auditor.catalog.types.tree import ITEM, VALUE
from auditor.core.evaluate.judge import message_paths
from auditor.core.model.field_path import ANY, Path, overlap
from auditor.errors import Problem

_FORBIDDEN = ("key", "population")


def _not_in_messages(loaded: LoadedControl, context: LintContext) -> Iterator[Problem]:
    for index, check in enumerate(loaded.control.checks):
        flagged = _flagged(context, check.resource)
        for number, assertion in enumerate(check.assert_):
            at = ("checks", index, "assert", number, "message")
            for root, *steps in message_paths(assertion.message):
                for path, word in flagged.items() if root == "resource" else ():
                    if overlap(path, tuple(steps)):
                        name = ".".join((root, *steps))
                        yield loaded.source.problem(at, f"`{name}` {word}: reports show messages")


def _not_in_keys(loaded: LoadedControl, context: LintContext) -> Iterator[Problem]:
    for site in sites_of(loaded, context):
        if site.place[0] in _FORBIDDEN and site.examined is not None:
            yield from _in_expression(site, _flagged(context, site.check.resource))


def _in_expression(site: Site, flagged: Mapping[Path, str]) -> Iterator[Problem]:
    for read in site.examined.reads if site.examined else ():
        if read.path[0] not in ("resource", "resources"):
            continue
        # Steps from the resource on; the elements of lists are gone through without being named.
        steps = tuple(ANY if step == VALUE else step for step in read.path[1:] if step != ITEM)
        for path, word in flagged.items():
            if steps and overlap(path, steps):
                message = f"`{'.'.join(path)}` {word}: a key and a population must not hang on it"
                yield site.problem(message, offset=read.offset)


def _flagged(context: LintContext, name: str) -> dict[Path, str]:
    kind = context.resource_types.get(name)
    if kind is None:
        return {}
    return dict.fromkeys(kind.personal_paths, "is personal") | dict.fromkeys(
        kind.token_paths, "is a token"
    )


REDACTION_RULES = (
    Rule(
        "redacted-in-message",
        "error",
        "Messages show no personal field and no token",
        _not_in_messages,
        "Messages stand in verdicts and reports, and nothing can be taken out of those afterwards. "
        "Name the resource by its key.",
    ),
    Rule(
        "redacted-in-key",
        "error",
        "Keys and populations do not hang on personal fields and tokens",
        _not_in_keys,
        "A personal value may be withheld or erased later. Whatever names a finding or decides "
        "which findings there are must stay, or a run could not be judged again.",
    ),
)
