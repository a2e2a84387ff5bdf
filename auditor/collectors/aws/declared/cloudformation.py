"""A CloudFormation template, JSON or YAML, to blocks.

Format: CloudFormation User Guide, "Template anatomy" (2010-09-09). Parameters have the values of
the settings, else their defaults. What a macro or a nested stack would add is a gap.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from auditor.collectors.aws.declared.blocks import Block, Document
from auditor.collectors.aws.declared.hidden import Hidden
from auditor.collectors.aws.declared.intrinsics import Resolver
from auditor.collectors.yaml_documents import DocumentLoader, parse_documents
from auditor.core.model.observation import Gap
from auditor.core.model.status import Cause

_VERSION = "2010-09-09"
_PLAIN_TYPES = ("String", "Number", "List<Number>", "CommaDelimitedList")
_OPAQUE = ("AWS::CloudFormation::Stack", "AWS::CloudFormation::Macro", "AWS::Serverless::")
_SHORT = {"Ref": "Ref", "Condition": "Condition"}


class _TemplateLoader(DocumentLoader):
    """Knows the short forms of the functions: `!Ref`, `!GetAtt`, `!Sub`."""


def _short(loader: DocumentLoader, suffix: str, node: yaml.Node) -> dict[str, object]:
    name = _SHORT.get(suffix, f"Fn::{suffix}")
    if isinstance(node, yaml.ScalarNode):
        return {name: loader.construct_scalar(node)}
    if isinstance(node, yaml.SequenceNode):
        return {name: loader.construct_sequence(node, deep=True)}
    if isinstance(node, yaml.MappingNode):
        return {name: loader.construct_mapping(node, deep=True)}
    raise yaml.YAMLError(f"!{suffix}: a {type(node).__name__} is no argument")


_TemplateLoader.add_multi_constructor("!", _short)


def parse_template(
    text: str, parameters: Mapping[str, str], account: str | None, region: str | None
) -> Document:
    """The blocks of a template.

    Args:
        parameters: Values that stand before the template's defaults.

    Raises:
        ValueError: It is no template; the message names the place.
    """
    template = _parsed(text)
    resources = template.get("Resources")
    if not isinstance(resources, dict) or not resources:
        raise ValueError("Resources: missing or empty; this is no CloudFormation template")
    version = template.get("AWSTemplateFormatVersion", _VERSION)
    if version != _VERSION:
        raise ValueError(f"AWSTemplateFormatVersion: got {version!r}, expected {_VERSION!r}")
    pseudo = {"AWS::AccountId": account, "AWS::Region": region}
    resolver = Resolver(
        parameters=_parameters(template, parameters),
        pseudo={name: value for name, value in pseudo.items() if value},
        mappings=_section(template, "Mappings"),
        conditions=_section(template, "Conditions"),
        resources=frozenset(map(str, resources)),
    )
    gaps = list(_macros(template))
    blocks: list[Block] = []
    for name, resource in resources.items():
        try:
            blocks += _blocks(str(name), resource, resolver)
        except (ValueError, RecursionError) as error:
            gaps.append(Gap(Cause.UNPARSABLE, f"Resources.{name}: {error}"))
        except _NotToldError as error:
            gaps.append(Gap(Cause.KNOWN_AFTER_APPLY, f"Resources.{name}: {error}"))
    gaps += [
        Gap(Cause.NOT_SUPPORTED, f"Resources.{b.address}: what a {b.kind} adds is not read")
        for b in blocks
        if b.kind.startswith(_OPAQUE) or b.kind.endswith("::MODULE")
    ]
    return Document(blocks, gaps)


class _NotToldError(Exception):
    """Whether a resource is made cannot be told."""


def _parsed(text: str) -> Mapping[str, Any]:
    try:
        documents = [value for _line, value in parse_documents(text, _TemplateLoader)]
    except yaml.YAMLError as error:
        raise ValueError(f"it is neither JSON nor YAML: {' '.join(str(error).split())}") from error
    if len(documents) != 1 or not isinstance(documents[0], dict):
        raise ValueError("expected one document, a mapping")
    return documents[0]


def _section(template: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = template.get(name, {})
    if not isinstance(found, dict):
        raise ValueError(f"{name}: got {type(found).__name__}, expected a mapping")
    return found


def _parameters(template: Mapping[str, Any], given: Mapping[str, str]) -> dict[str, object]:
    declared = _section(template, "Parameters")
    unknown = sorted(set(given) - set(declared))
    if unknown:
        raise ValueError(f"Parameters: the template has no {', '.join(unknown)}")
    return {str(name): _parameter(str(name), one, given) for name, one in declared.items()}


def _parameter(name: str, declared: object, given: Mapping[str, str]) -> object:
    spec = declared if isinstance(declared, dict) else {}
    if spec.get("NoEcho") in (True, "true"):
        return Hidden(Cause.SECRET, f"parameter {name} is marked NoEcho", frozenset())
    value = given.get(name, spec.get("Default"))
    kind = str(spec.get("Type"))
    if value is None or kind.startswith("AWS::SSM::"):
        why = f"parameter {name} has no value here; give it under `parameters`"
        return Hidden(Cause.KNOWN_AFTER_APPLY, why, frozenset())
    if kind.startswith("List<") or kind == "CommaDelimitedList":
        return [part.strip() for part in str(value).split(",")]
    return str(value).lower() if isinstance(value, bool) else str(value)


def _macros(template: Mapping[str, Any]) -> Iterator[Gap]:
    if template.get("Transform"):
        yield Gap(
            Cause.NOT_SUPPORTED,
            f"Transform: what {template['Transform']!s:.80} makes of the template is not known",
            hint="judge the processed template: aws cloudformation get-template "
            "--template-stage Processed",
        )
    if any(str(name).startswith("Fn::") for name in template["Resources"]):
        yield Gap(Cause.NOT_SUPPORTED, "Resources: Fn::ForEach and Fn::Transform are not processed")


def _blocks(name: str, resource: object, resolver: Resolver) -> Iterator[Block]:
    if name.startswith("Fn::"):
        return  # said once, for the template
    if not isinstance(resource, dict) or not isinstance(resource.get("Type"), str):
        raise ValueError("expected a mapping with Type")
    if "Condition" in resource:
        made = resolver.condition(resource["Condition"])
        if isinstance(made, Hidden):
            raise _NotToldError(f"whether it is made depends on {made.why}")
        if not made:
            return
    values = resolver.properties(resource.get("Properties"))
    refers = {
        argument: value.refers for argument, value in values.items() if isinstance(value, Hidden)
    }
    yield Block(name, resource["Type"], values, frozenset(values), refers=refers)
