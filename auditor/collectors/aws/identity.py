"""Who we are in the account, and which regions it has: asked before anything else."""

from __future__ import annotations

from dataclasses import dataclass

from auditor.collectors.aws.caller import Caller, Reply, Request
from auditor.collectors.aws.paths import search
from auditor.collectors.aws.permissions import REGIONS, WHOAMI
from auditor.collectors.aws.session import Account
from auditor.collectors.aws.settings import AwsSettings
from auditor.core.model.observation import Call, Gap
from auditor.core.model.status import Cause

_NOT_OPTED_IN = "not-opted-in"


@dataclass(frozen=True, slots=True)
class Opened:
    """What is known about the account.

    Args:
        account: None when nothing may be read.
        gap: Why nothing is read, or why the regions are not known.
        calls: Provenance, part of every observation.
    """

    account: Account | None
    gap: Gap | None
    calls: tuple[Call, ...]


def who_am_i(settings: AwsSettings, home: str, caller: Caller) -> Opened:
    """The account of the caller; another one than expected is a gap, and is not read."""
    reply = caller.send(Request(*_in(WHOAMI, home)))
    calls = (reply.call,)
    if reply.gap is not None:
        return Opened(None, reply.gap, calls)
    arn, account = reply.body.get("Arn"), reply.body.get("Account")
    if not isinstance(arn, str) or not isinstance(account, str) or arn.count(":") < 1:
        return Opened(None, _malformed(reply, "names no account and ARN"), calls)
    if settings.account not in {None, account}:
        detail = f"these credentials are for account {account}, expected {settings.account}"
        hint = "set profile or role_arn of the target, or mend its account"
        return Opened(None, Gap(Cause.OTHER_TARGET, detail, hint=hint), calls)
    return Opened(Account(arn, account, partition=arn.split(":")[1]), None, calls)


def with_regions(opened: Opened, settings: AwsSettings, home: str, caller: Caller) -> Opened:
    """The account with the regions to read: those of the settings, or every enabled one."""
    known = opened.account
    if known is None:
        return opened
    if settings.regions != "enabled":
        return Opened(_at(known, tuple(dict.fromkeys(settings.regions))), None, opened.calls)
    service, region, operation = _in(REGIONS, home)
    reply = caller.send(Request(service, region, operation, {"AllRegions": True}))
    calls = (*opened.calls, reply.call)
    if reply.gap is not None:
        return Opened(known, reply.gap, calls)
    found = search("Regions[].[RegionName, OptInStatus]", reply.body)
    if not isinstance(found, list) or not found or any(None in pair for pair in found):
        return Opened(known, _malformed(reply, "names no regions with their state"), calls)
    enabled = tuple(sorted(name for name, state in found if state != _NOT_OPTED_IN))
    others = tuple(sorted(name for name, state in found if state == _NOT_OPTED_IN))
    return Opened(_at(known, enabled, others), None, calls)


def _in(operation: tuple[str, str], region: str) -> tuple[str, str, str]:
    return operation[0], region, operation[1]


def _at(account: Account, regions: tuple[str, ...], others: tuple[str, ...] = ()) -> Account:
    return Account(account.caller, account.id, account.partition, regions, others)


def _malformed(reply: Reply, what: str) -> Gap:
    return Gap(Cause.UNPARSABLE, f"{reply.call.request}: the answer {what}")
