"""Backup files: what they are, whether they can be read to their end, and what slots they fill.

The modules here are pure (bytes in, facts out); `content.py` puts them on a stream and
`auditor.collectors.host.read.backup` reads the folders.
"""
