"""The gate: a run beside a baseline that the change cannot raise for itself."""
