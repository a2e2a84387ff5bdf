"""Cases beside controls: running, coverage, mutation, updating, and new controls."""
