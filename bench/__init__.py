"""Benchmarks. Each prints a table; none is a test. `python -m bench [NAME...]` runs them."""
