"""JSON Schemas of every file format, generated from the models.

`python -m auditor.app.schemas` writes them to `schemas/`; with `--check` it writes nothing and
ends with 1 when a committed one differs.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from auditor.app.notifying.events import EventMessage
from auditor.app.period.responses import ResponseFile
from auditor.app.registry import BUILT_IN, Collectors
from auditor.attest.package import Manifest
from auditor.attest.trust import TrustPolicy
from auditor.catalog.cases import CaseFile
from auditor.catalog.config import Config
from auditor.catalog.library import ControlExtension
from auditor.core.model.approval import Approval
from auditor.core.model.attestation import Attestation
from auditor.core.model.control import Control
from auditor.core.model.framework import Framework
from auditor.core.model.query import COLLECTOR
from auditor.core.model.restore import RestoreRecord
from auditor.core.model.soa import SoaFile
from auditor.core.model.waiver import Waiver, WaiverRequest
from auditor.core.sampling import SampleSizes
from auditor.render.assessment_document import AssessmentDocument
from auditor.render.gate.document import DiffDocument, GateDocument
from auditor.render.period.document import PeriodDocument
from auditor.shipped import shipped

FORMATS: Mapping[str, type[BaseModel]] = {
    "approval-1": Approval,
    "assessment-1": AssessmentDocument,
    "attestation-1": Attestation,
    "bundle-1": Manifest,
    "cases-1": CaseFile,
    "config-1": Config,
    "control-1": Control,
    "control-extension-1": ControlExtension,
    "event-1": EventMessage,
    "diff-1": DiffDocument,
    "framework-1": Framework,
    "gate-1": GateDocument,
    "period-1": PeriodDocument,
    "response-1": ResponseFile,
    "restore-1": RestoreRecord,
    "sample-sizes-1": SampleSizes,
    "soa-1": SoaFile,
    "trust-1": TrustPolicy,
    "waiver-1": Waiver,
    "waiver-request-1": WaiverRequest,
}


def schema_text(name: str) -> str:
    """The text of one schema file."""
    schema = FORMATS[name].model_json_schema(by_alias=True)
    if name == "control-1":
        _name_resources(schema)
    document = {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _name_resources(schema: dict[str, Any]) -> None:
    """Let editors complete collectors and resource types: those that come with the program."""
    collectors = Collectors(BUILT_IN)
    fields = schema["$defs"]["Check"]["properties"]
    fields["collector"]["enum"] = sorted([*collectors.names, COLLECTOR])
    named = {"enum": sorted(collectors.resource_types())}
    fields["resource"] |= {"anyOf": [named, {"pattern": f"^{COLLECTOR}\\."}]}


def main(arguments: list[str]) -> int:
    """Write or check; the exit code."""
    folder = shipped("schemas")
    stale = [name for name in FORMATS if _read(folder / f"{name}.json") != schema_text(name)]
    if "--check" in arguments:
        for name in stale:
            print(f"schemas/{name}.json differs from its model: make schemas", file=sys.stderr)  # noqa: T201 - a development tool
        return 1 if stale else 0
    for name in stale:
        (folder / f"{name}.json").write_text(schema_text(name), "utf-8")
    return 0


def _read(path: Path) -> str:
    return path.read_text("utf-8") if path.is_file() else ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
