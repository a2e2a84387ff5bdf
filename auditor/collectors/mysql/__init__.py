"""MySQL and MariaDB servers: configuration, accounts, logs, replicas and append-only tables."""

from auditor.collectors.mysql.collector import MysqlCollector

__all__ = ["MysqlCollector"]
