"""Renderers of period reports."""
