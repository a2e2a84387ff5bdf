"""What collectors of SQL databases share. Knows no driver and no engine.

An engine's package implements `session.Session` over its driver; everything else (catalogue of
queries, reading, values, grants, hash chains) is here.
"""
