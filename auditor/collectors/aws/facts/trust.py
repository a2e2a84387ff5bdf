"""Who may take a role: what its trust policy says about outsiders. Pure.

Sources: IAM User Guide, "AWS JSON policy elements: Principal", "The confused deputy problem", and
"Create a role for OpenID Connect federation". A condition counts only where it must hold: not with
`...IfExists` or `ForAllValues:` (true where the key is absent), not with a value of wildcards.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from auditor.collectors.aws.facts.policy import Statement, policy_statements
from auditor.collectors.aws.facts.rights import covers

_EXTERNAL_ID = "sts:externalid"
# Conditions that only callers of named accounts or organizations can meet.
_TYING = frozenset(
    {"aws:principalaccount", "aws:principalarn", "aws:principalorgid", "aws:principalorgpaths",
     "aws:sourceaccount", "aws:sourcearn", "aws:sourceorgid", "aws:sourceowner",
     "aws:userid"}
)  # fmt: skip
_OPERATORS = frozenset(
    {"stringequals", "stringequalsignorecase", "stringlike", "arnequals", "arnlike"}
)
_PER_VALUE = "foranyvalue:"
# Issuers that serve many customers: their subjects begin with the customer's name.
_SHARED = (
    "token.actions.githubusercontent.com", "gitlab.com", "app.terraform.io", "agent.buildkite.com",
    "vstoken.actions.githubusercontent.com",
)  # fmt: skip
_COGNITO = "cognito-identity.amazonaws.com"
_ASSUMING = ("sts:assumerole", "sts:assumerolewithwebidentity", "sts:assumerolewithsaml")


def trust_world(document: object) -> bool:
    """Whether everybody with an AWS account may take the role.

    Raises:
        ValueError: Not a policy document.
    """
    return any(_everybody(s) and not _tied(s, _TYING) for s in _allowing(document))


def trusted_accounts(document: object) -> list[str]:
    """Accounts that are let in by their number, an ARN, or an id of a user or role in them.

    A principal whose account is not known (of a deleted user) stands for itself.
    """
    return sorted({account for s in _allowing(document) for account in _accounts(s)})


def accounts_without_external_id(document: object) -> list[str]:
    """Those of the trusted accounts that need no external id in some statement."""
    open_ones = (s for s in _allowing(document) if not _tied(s, {_EXTERNAL_ID}))
    return sorted({account for s in open_ones for account in _accounts(s)})


def federations(document: object) -> list[dict[str, object]]:
    """Identity providers that are let in, and whether conditions name audience and subject."""
    found = [
        _federation(principal["id"], statement)
        for statement in _allowing(document)
        for principal in statement["principals"]
        if principal["kind"] == "Federated"
    ]
    return sorted(found, key=lambda entry: (str(entry["provider"]), str(entry["subjects"])))


def _allowing(document: object) -> Iterator[Statement]:
    for statement in policy_statements(document):
        if statement["effect"] == "Allow" and any(covers(statement, name) for name in _ASSUMING):
            yield statement


def _everybody(statement: Statement) -> bool:
    """`*`, or everybody but those named."""
    named = any(p["kind"] == "AWS" and p["id"] == "*" for p in statement["principals"])
    return named or bool(statement["not_principals"])


def _accounts(statement: Statement) -> Iterable[str]:
    for principal in statement["principals"]:
        if principal["kind"] in {"AWS", "CanonicalUser"} and principal["id"] != "*":
            yield principal["account"] or principal["id"]


def _tied(statement: Statement, keys: Iterable[str]) -> bool:
    return any(_values(statement["conditions"], key) for key in keys)


def _values(conditions: Mapping[str, Mapping[str, Sequence[str]]], key: str) -> list[str]:
    """The values that the key must have, empty where one of them is anything."""
    found: list[str] = []
    for operator, wanted in conditions.items():
        if operator.lower().removeprefix(_PER_VALUE) in _OPERATORS and key in wanted:
            found += wanted[key]
    return [] if any(not value.strip("*?") for value in found) else found


def _federation(provider: str, statement: Statement) -> dict[str, object]:
    saml = ":saml-provider/" in provider
    issuer = provider.partition(":oidc-provider/")[2] or provider
    subjects = [] if saml else _values(statement["conditions"], f"{issuer.lower()}:sub")
    audience = "saml:aud" if saml else f"{issuer.lower()}:aud"
    audiences = _values(statement["conditions"], audience)
    return {
        "provider": provider,
        "kind": "saml" if saml else "oidc",
        "audience": bool(audiences),
        # Amazon Cognito's identities are told apart by pool, which is the audience.
        "subject": saml or _named(issuer, subjects) or (issuer == _COGNITO and bool(audiences)),
        "subjects": sorted(subjects),
    }


def _named(issuer: str, subjects: Sequence[str]) -> bool:
    """Whether every subject names who it is; with a shared issuer, whose it is, without wildcard.

    `repo:*`, `repo:*/app` and `repo:octo*/app` are anybody's; `repo:octo/*` is one owner's.
    """
    if not subjects:
        return False
    if not any(issuer.startswith(shared) for shared in _SHARED):
        return True
    return all(_owned(subject) for subject in subjects)


def _owned(subject: str) -> bool:
    _kind, separator, rest = subject.partition(":")
    owner, slash, _further = rest.partition("/")
    if not slash:  # organization:example:project:...
        owner, slash, _further = rest.partition(":")
    return bool(separator and slash and owner) and not set("*?") & set(owner)
