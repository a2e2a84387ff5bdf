"""Reads AWS accounts: a declarative catalogue of types, and the engine that reads them."""

from auditor.collectors.aws.collector import AwsCollector

__all__ = ["AwsCollector"]
