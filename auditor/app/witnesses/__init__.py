"""Witnesses: being one (offline or on the network), and asking them."""
