"""Small libraries and configurations, written to a folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

CONTROL: dict[str, Any] = {
    "id": "things",
    "title": "Things are ok",
    "statement": "Every thing that there is must be ok.",
    "owner": {"role": "head-of-things"},
    "nature": {"type": "preventive", "execution": "automated"},
    "frequency": "continuous",
    "evaluate": {"every": "24h", "gap_tolerance": "6h"},
    "maps": {"demo": [{"id": "D1", "strength": "full", "requires": {"age": "<= 7d"}}]},
    "parameters": {
        "age": {"type": "duration", "default": "1d", "loosest": "30d", "doc": "age of a thing"}
    },
    "checks": [
        {
            "id": "thing",
            "title": "Things are ok",
            "collector": "demo",
            "resource": "demo.thing",
            "key": "resource.name",
            "population": {"on_empty": "error"},
            "freshness": "24h",
            "assert": [
                {
                    "id": "young",
                    "expr": "now - resource.since <= param.age",
                    "severity": "high",
                    "message": "{resource.name} is too old",
                }
            ],
            "remediation": {"text": "make the thing ok"},
            "verify_by_hand": "look at it",
        }
    ],
}
FRAMEWORK: dict[str, Any] = {
    "id": "demo",
    "title": "Demonstration",
    "publisher": "nobody",
    "version": "1",
    "id_pattern": "D[0-9]",
    "total": 2,
    "groups": [{"id": "D", "title": "All", "count": 2}],
    "requirements": [
        {"id": "D1", "title": "One", "group": "D"},
        {"id": "D2", "title": "Two", "group": "D"},
    ],
}


def merged(base: Any, change: Any) -> Any:
    """The base with a change laid over it: mappings are merged, `...` removes, others replace."""
    if isinstance(base, dict) and isinstance(change, dict):
        merged_keys = {key: merged(base.get(key), value) for key, value in change.items()}
        return {k: v for k, v in (base | merged_keys).items() if v is not ...}
    if isinstance(base, list) and isinstance(change, dict):  # by index
        return [merged(item, change[i]) if i in change else item for i, item in enumerate(base)]
    return change


def write(path: Path, document: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    plain = json.loads(json.dumps(document))  # nothing shared: the dialect has no aliases
    text = plain if isinstance(plain, str) else yaml.safe_dump(plain, sort_keys=False)
    path.write_text(text, "utf-8")
    return path


def library_folder(
    folder: Path, control: Any = None, framework: Any = None, *, cases: bool = True
) -> Path:
    """A folder `controls` with one control and one framework, each changed as given."""
    made = merged(CONTROL, control or {})
    home = folder / "area" / str(made["id"])
    write(home / "control.yaml", made)
    write(folder / "frameworks" / "demo.yaml", merged(FRAMEWORK, framework or {}))
    if cases:
        write(home / "tests" / "cases.yaml", "[]\n")
    return folder
