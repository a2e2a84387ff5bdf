"""Statements, envelopes, trust and the numbered steps of verification."""
