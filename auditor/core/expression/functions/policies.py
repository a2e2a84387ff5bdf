"""`policy_allows(policy, request)`: whether an AWS policy document allows a request.

Follows "Policy evaluation logic" of the IAM user guide for one document: an explicit deny wins,
then an allow is needed. It knows Principal, NotPrincipal, Action, NotAction, Resource,
NotResource and Condition. What other documents add (boundaries, session and service control
policies) is not its business. A request is a map `{"action", "resource", "principal", "context"}`:

- `principal` is an ARN, an account, a service, or `"*"` for anybody at all; left out, principals
  of the document are not looked at (a policy attached to an identity).
- `context` maps condition keys to texts. Without it a condition that would decide makes the
  answer an error: it is never guessed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from auditor.core.expression.functions.conditions import condition_holds
from auditor.core.expression.functions.globs import glob_matches
from auditor.core.expression.functions.strings import typed
from auditor.core.expression.values import EvaluationError, Value, kind
from auditor.core.model.status import Cause

_FIELDS = frozenset(
    {
        "Sid",
        "Effect",
        "Principal",
        "NotPrincipal",
        "Action",
        "NotAction",
        "Resource",
        "NotResource",
        "Condition",
    }
)
_REQUEST = frozenset({"action", "resource", "principal", "context"})
_ACCOUNT_DIGITS = 12


def policy_allows(policy: Value, request: Value) -> bool:
    """True when the document allows the request.

    Raises:
        EvaluationError: The document or request is malformed, or a condition decides and the
            request has no context.
    """
    _check_request(request)
    allows = denies = False
    unknown: list[str] = []
    for statement in _items(_field(policy, "Statement")):
        effect = _effect(statement)
        applies = _applies(statement, request)
        if applies is None:
            unknown.append(effect)
        elif applies:
            denies |= effect == "Deny"
            allows |= effect == "Allow"
    if denies:
        return False
    may_allow = allows or "Allow" in unknown
    if may_allow and (not allows or "Deny" in unknown):
        raise EvaluationError("a Condition of the policy decides; give the request a `context`")
    return allows


def _check_request(request: Value) -> None:
    unknown = sorted(set(map(str, request)) - _REQUEST)
    if unknown or not {"action", "resource"} <= set(request):
        raise _malformed(f"a request has action, resource, principal, context; got {unknown}")
    for name in ("action", "resource", "principal"):
        if kind(request.get(name, "")) != "string":
            raise _malformed(f"`{name}` of a request is a text")


def _malformed(detail: str) -> EvaluationError:
    return EvaluationError(detail, Cause.TYPE_ERROR)


def _field(container: Value, name: str) -> Value:
    if kind(container) != "map" or name not in container:
        raise _malformed(f"a policy without `{name}`")
    return container[name]


def _items(value: Value) -> list[Value]:
    """IAM writes one item without its list."""
    return value if kind(value) == "list" else [value]


def _texts(value: Value) -> list[str]:
    texts = _items(value)
    if any(kind(text) != "string" for text in texts):
        raise _malformed("a policy element that is neither text nor list of texts")
    return texts


def _effect(statement: Value) -> str:
    effect = _field(statement, "Effect")
    unknown = sorted(set(statement) - _FIELDS)
    if effect not in {"Allow", "Deny"} or unknown:
        raise _malformed(f"a policy statement with effect {effect!r} and unknown {unknown}")
    return str(effect)


def _applies(statement: Value, request: Value) -> bool | None:
    """Whether the statement applies; None when only its condition could tell."""
    matched = (
        _principal_matches(statement, request.get("principal"))
        and _listed(statement, "Action", str(request["action"]).lower(), fold=True)
        and _listed(statement, "Resource", str(request["resource"]), fold=False)
    )
    conditions = statement.get("Condition") or {}
    if not matched or not conditions:
        return bool(matched)
    context = request.get("context")
    return None if context is None else condition_holds(conditions, context)


def _listed(statement: Value, name: str, wanted: str, *, fold: bool) -> bool:
    """`Action` contains it, or `NotAction` does not. Actions ignore case, resources do not."""
    negated = f"Not{name}"
    if (name in statement) == (negated in statement):
        raise _malformed(f"a policy statement needs one of `{name}` and `{negated}`")
    chosen = name if name in statement else negated
    patterns = _texts(statement[chosen])
    found = any(glob_matches(p.lower() if fold else p, wanted) for p in patterns)
    return found == (chosen == name)


def _principal_matches(statement: Value, principal: str | None) -> bool:
    if principal is None:
        return True
    chosen = [name for name in ("Principal", "NotPrincipal") if name in statement]
    if len(chosen) != 1:
        raise _malformed("a policy statement needs one of `Principal` and `NotPrincipal`")
    found = any(_is_principal(p, principal) for p in _principals(statement[chosen[0]]))
    return found == (chosen[0] == "Principal")


def _principals(value: Value) -> Iterable[str]:
    if kind(value) != "map":
        return _texts(value)
    return [text for texts in value.values() for text in _texts(texts)]


def _is_principal(listed: str, principal: str) -> bool:
    """An account stands for all of its principals; `"*"` for anybody."""
    if listed in {"*", principal}:
        return True
    account = listed.split(":")[4] if listed.endswith(":root") and listed.count(":") > 4 else listed  # noqa: PLR2004 - arn:aws:iam::ACCOUNT:root
    parts = principal.split(":")
    is_account = len(account) == _ACCOUNT_DIGITS and account.isdecimal()
    return is_account and (principal == account or account in parts[4:5])


POLICIES: Mapping[str, Callable[..., Value]] = {
    "policy_allows": typed("policy_allows", "map map", policy_allows),
}
