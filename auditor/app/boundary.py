"""The one place where an unexpected exception is caught: it becomes an InternalError."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from auditor.errors import AuditorError, InternalError

R = TypeVar("R")


def guarded(action: Callable[[], R], *, passing: tuple[type[Exception], ...] = ()) -> R:
    """The result of the action.

    Args:
        passing: Exceptions of the caller's own framework, let through as they are.

    Raises:
        AuditorError: As raised inside; anything else as InternalError, `from` its cause.
    """
    try:
        return action()
    except AuditorError:
        raise
    except passing:
        raise
    except Exception as error:
        # Everything an operator can act on is an AuditorError already: this is a defect of ours.
        raise InternalError(
            f"{type(error).__name__}: {error}",
            hint="this is a defect of auditor; please report it with the trace below",
        ) from error
