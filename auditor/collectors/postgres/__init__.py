"""PostgreSQL, by psycopg."""

from auditor.collectors.postgres.collector import PostgresCollector

__all__ = ["PostgresCollector"]
