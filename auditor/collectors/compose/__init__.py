"""Docker Compose files."""

from auditor.collectors.compose.collector import ComposeCollector

__all__ = ["ComposeCollector"]
