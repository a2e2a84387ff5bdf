"""One collection from a plan or a template. Nothing is sent."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from auditor import __version__
from auditor.collectors.aws.declared.blocks import Document
from auditor.collectors.aws.declared.cloudformation import parse_template
from auditor.collectors.aws.declared.extract import Surroundings, extract
from auditor.collectors.aws.declared.model import load_declared
from auditor.collectors.aws.declared.settings import PlanSettings, TemplateSettings
from auditor.collectors.aws.declared.terraform import parse_plan
from auditor.collectors.aws.loader import CollectedType
from auditor.collectors.interface import CollectionContext
from auditor.collectors.text_files import UnreadableFileError, read_text
from auditor.core.model.observation import Call, Gap, Observation
from auditor.core.model.status import Cause
from auditor.core.model.target import Target

_COLLECTOR = f"aws {__version__}"


def collect(
    target: Target,
    settings: PlanSettings,
    types: Sequence[CollectedType],
    context: CollectionContext,
) -> Iterator[Observation]:
    """One observation for each type."""
    language = "cloudformation" if isinstance(settings, TemplateSettings) else "terraform"
    started = context.clock()
    document = read_document(settings)
    ended = context.clock()
    declared = load_declared()
    around = Surroundings(settings.account, settings.region)
    for collected in types:
        described = declared.get(collected.name)
        form = described.form(language) if described else None
        resources, gaps = extract(collected, form, document, around)
        yield Observation(
            target=target.name,
            environment=target.environment,
            resource_type=collected.name,
            identity=f"file: {settings.path}",
            started_at=started,
            read_at=ended,
            as_of=started,
            resources=resources,
            facts={"items": len(resources), "caller": f"file: {settings.path}"},
            gaps=gaps,
            calls=(Call(settings.path, "local", started, items=len(document.blocks)),),
            collector=_COLLECTOR,
        )


def read_document(settings: PlanSettings) -> Document:
    """The plan or template of the settings; what cannot be read of it is a gap, with the path."""
    try:
        text = read_text(settings.path)
        if isinstance(settings, TemplateSettings):
            return parse_template(text, settings.parameters, settings.account, settings.region)
        return parse_plan(text)
    except UnreadableFileError as error:
        return Document(gaps=[error.gap])
    except (ValueError, RecursionError) as error:
        told = str(error) or "it is nested too deep"
        return Document(gaps=[Gap(Cause.UNPARSABLE, f"{settings.path}: {told}")])
