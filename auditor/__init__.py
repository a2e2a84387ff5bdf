"""auditor: policy as code for SOC 2 and ISO 27001, with verifiable evidence."""

__version__ = "0.1.0"
