"""What is kept of an observation: personal fields apart from it, secrets as keyed tokens."""

from __future__ import annotations

from datetime import datetime

from auditor.app.entries import RecordedObservation, recorded_form
from auditor.app.project import Project
from auditor.core.model.observation import Observation


def record(project: Project, observation: Observation, retain: datetime) -> RecordedObservation:
    """Store an observation; gives it as a later reader will see it."""
    data, document = recorded_form(observation.to_json())
    blob = project.store.put(data, retain_until=retain)
    return RecordedObservation(Observation.from_json(document), blob)
