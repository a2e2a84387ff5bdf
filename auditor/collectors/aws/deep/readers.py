"""The functions that read for a deep analysis, under the names that the catalogue uses."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from auditor.collectors.aws.caller import Caller
from auditor.collectors.aws.deep.digest_reader import read_digest_chain
from auditor.collectors.aws.deep.scope import Part
from auditor.collectors.aws.session import Account
from auditor.core.model.observation import Call, Resource

Reader = Callable[[Part, Caller], tuple[Resource, list[Call]]]
READERS: Mapping[str, Reader] = MappingProxyType({"digest_chains": read_digest_chain})


def regions_of(item: Resource, account: Account) -> Sequence[str]:
    """Where an item is read: a trail of every region in each region, any other at home.

    Where the item does not say it, the reader leaves everything unread, once.
    """
    home = str(item.data.get("home_region", item.data["region"]))
    return account.regions if item.data.get("multi_region") is True else (home,)
