"""The collector against a real API server, where AUDITOR_TEST_KUBECONFIG names one; else skipped.

It only reads. The identity should hold the role that `auditor doctor --permissions kubernetes`
prints; what the server does not serve may be missing, anything else is a fault.
"""

from __future__ import annotations

import os

import pytest

from auditor.collectors.kubernetes.loader import load_catalogue
from auditor.core.model.fields import typed_record
from auditor.core.model.status import Cause
from tests.services.kubernetes.reading_kubernetes import preflight, read

KUBECONFIG = os.environ.get("AUDITOR_TEST_KUBECONFIG")
pytestmark = [
    pytest.mark.service,
    pytest.mark.skipif(KUBECONFIG is None, reason="opt-in: AUDITOR_TEST_KUBECONFIG names no file"),
]
# Without settings of the target these are not asked for.
NOT_ASKED = frozenset({Cause.NOT_COLLECTED, Cause.NOT_SUPPORTED})


def test_a_real_server_is_read_completely() -> None:
    settings = {"kubeconfig": KUBECONFIG, "page_size": 50}
    assert preflight(settings).gap is None
    seen = read(settings)
    unexpected = [
        (name, gap) for name, one in seen.items() for gap in one.gaps if gap.cause not in NOT_ASKED
    ]
    assert unexpected == []
    for name, one in seen.items():
        keys = [item.data["key"] for item in one.resources]
        assert len(keys) == len(set(keys)), name
        assert one.facts["items"] == one.facts["counted"], name
        record = load_catalogue()[name].resource_type.fields
        for item in one.resources:
            if not item.unread:
                typed_record(item.data, record)


def test_a_second_reading_has_the_same_form() -> None:
    settings = {"kubeconfig": KUBECONFIG}
    names = ["kubernetes.role", "kubernetes.namespace"]
    first, second = read(settings, names), read(settings, names)
    for name in names:
        assert first[name].resources == second[name].resources
