"""Expressions over evidence: the seam to an engine of the Common Expression Language."""
