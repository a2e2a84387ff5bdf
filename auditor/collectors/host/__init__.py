"""The host collector: this machine, or a tree of files that was copied from one."""

from auditor.collectors.host.collector import HostCollector

__all__ = ["HostCollector"]
