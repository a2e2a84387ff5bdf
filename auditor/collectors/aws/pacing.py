"""Every request of an account, on its way out: counted against the run's ceiling, and paced.

botocore emits `before-send` for each attempt, so retries count as well. Its own adaptive mode slows
down further when a service throttles all the same.
"""

from __future__ import annotations

from functools import cache, partial
from importlib.resources import files

import yaml
from botocore.client import BaseClient
from pydantic import BaseModel, ConfigDict, Field

from auditor.collectors.aws.settings import AwsSettings
from auditor.collectors.budget import CallBudget, Pace, TokenBucket


class _PaceSpec(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    rate: float = Field(gt=0)
    burst: int = Field(gt=0)


class _Rates(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    default: _PaceSpec
    services: dict[str, _PaceSpec]


@cache
def _published() -> _Rates:
    text = files("auditor.collectors.aws").joinpath("rates.yaml").read_text("utf-8")
    return _Rates.model_validate(yaml.safe_load(text))


def pace_of(service: str, settings: AwsSettings) -> Pace | None:
    """How fast a service may be asked in one region; None for no limit.

    Args:
        service: botocore's name of it (`s3`, `elbv2`).
    """
    configured = settings.rates.get(service, settings.rates.get("default"))
    if configured is not None:
        return Pace(configured, max(1, int(configured)))
    if settings.endpoint_url is not None:
        return None
    rates = _published()
    spec = rates.services.get(service, rates.default)
    return Pace(spec.rate, spec.burst)


class Gate:
    """Lets the requests of one account out, one by one."""

    def __init__(self, settings: AwsSettings, budget: CallBudget) -> None:
        self._settings = settings
        self._budget = budget
        self._buckets: dict[tuple[str, str], TokenBucket | None] = {}

    def guard(self, client: BaseClient, service: str, region: str) -> None:
        """Stand in the way of everything that this client sends."""
        pace = pace_of(service, self._settings)
        # Clients of one service and region share a bucket, whichever thread makes them.
        bucket = self._buckets.setdefault((service, region), TokenBucket(pace) if pace else None)
        client.meta.events.register("before-send", partial(self._pass, bucket))

    def _pass(self, bucket: TokenBucket | None, **_event: object) -> None:
        """Count, and wait; a request past the ceiling is not sent.

        Raises:
            BudgetSpentError: The ceiling is reached.
        """
        self._budget.take()
        if bucket is not None:
            bucket.wait()
