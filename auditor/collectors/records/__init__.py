"""Records that people and this program itself keep: attestations, registers, documents, the log."""

from auditor.collectors.records.collector import RecordsCollector

__all__ = ["RecordsCollector"]
