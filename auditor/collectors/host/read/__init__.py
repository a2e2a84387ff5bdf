"""Thin readings: what to read for each resource type, and what becomes of a failure."""
