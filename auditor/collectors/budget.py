"""How many requests a run may make, and how fast: shared by every collector of the run.

A budget counts requests as they are sent, retries included. A pace is a token bucket: `burst`
requests at once, then `rate` a second. Both are safe for threads.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock

SPENT_HINT = "raise --max-calls, or select fewer controls or targets"
TIMEOUT_HINT = "scan again, or raise --timeout"


class BudgetSpentError(Exception):
    """The ceiling of requests is reached: the request was not sent."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"the ceiling of {limit} requests for this run is reached")
        self.limit = limit


class CallBudget:
    """Counts requests and refuses those past a ceiling.

    Args:
        limit: Most requests of the run; None for no ceiling.
    """

    def __init__(self, limit: int | None = None) -> None:
        self.limit = limit
        self._made = 0
        self._lock = Lock()

    @property
    def made(self) -> int:
        """Requests sent so far."""
        return self._made

    def take(self) -> None:
        """Count a request that is about to be sent.

        Raises:
            BudgetSpentError: It may not be sent.
        """
        with self._lock:
            if self.limit is not None and self._made >= self.limit:
                raise BudgetSpentError(self.limit)
            self._made += 1


@dataclass(frozen=True, slots=True)
class Pace:
    """`rate` requests a second in the long run, `burst` at once."""

    rate: float
    burst: int


class TokenBucket:
    """Keeps a pace: `wait` returns when the next request may be sent."""

    def __init__(
        self,
        pace: Pace,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._pace = pace
        self._clock, self._sleep = clock, sleep
        self._tokens = float(pace.burst)
        self._at = clock()
        self._lock = Lock()

    def wait(self) -> None:
        """Take a token; sleep until there is one. Who comes first is served first."""
        with self._lock:
            now = self._clock()
            gained = max(0.0, now - self._at) * self._pace.rate
            self._tokens = min(float(self._pace.burst), self._tokens + gained) - 1.0
            self._at = now
            pause = -self._tokens / self._pace.rate
        if pause > 0:
            self._sleep(pause)
