"""Hypothesis for laws of pure code: few examples each, and no clock that fails a busy machine."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("laws", max_examples=80, deadline=None)
settings.load_profile("laws")
