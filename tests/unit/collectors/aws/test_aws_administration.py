"""Whether a policy allows everything, however it is written."""

from __future__ import annotations

import pytest

from auditor.collectors.aws.facts.administration import policy_grants_everything


def _allows(**statement: object) -> bool:
    return policy_grants_everything({"Statement": {"Effect": "Allow"} | statement})


@pytest.mark.parametrize("action", ["*", "*:*", "?*", "*?:*", ["s3:*", "**"]])
@pytest.mark.parametrize(
    "resource", ["*", "**", "arn:*", "arn:aws:*", "arn:aws-cn:*", "arn:aws:*:*:*:*", ["x", "*:*"]]
)
def test_every_action_on_every_resource(action: object, resource: object) -> None:
    assert _allows(Action=action, Resource=resource)


@pytest.mark.parametrize(
    "action", ["iam:*", "s3:*", "*:Get*", "?", "", ["iam:*", "s3:*"], ["[a-z]*:*"], "i*"]
)
def test_some_actions_are_not_every_action(action: object) -> None:
    assert not _allows(Action=action, Resource="*")


@pytest.mark.parametrize(
    "resource", ["arn:aws:s3:::b", "arn:aws:s3:::*", "arn:aws:*:*:111122223333:*", "?", []]
)
def test_some_resources_are_not_every_resource(resource: object) -> None:
    assert not _allows(Action="*", Resource=resource)


@pytest.mark.parametrize("kept", ["s3:*", "iam:PutUserPolicy", ["iam:Put*", "iam:Attach*"]])
def test_not_action_that_leaves_a_way_to_everything(kept: object) -> None:
    assert _allows(NotAction=kept, Resource="*")
    assert not _allows(NotAction=kept, Resource="arn:aws:s3:::b")


@pytest.mark.parametrize("kept", ["iam:*", ["organizations:*", "iam:*"], "*", []])
def test_not_action_that_leaves_none(kept: object) -> None:
    assert not _allows(NotAction=kept, Resource="*")


@pytest.mark.parametrize("kept", ["arn:aws:s3:::none", "arn:aws:iam::111122223333:user/*"])
def test_not_resource_that_leaves_a_way_to_everything(kept: object) -> None:
    assert _allows(Action="*", NotResource=kept)
    assert _allows(NotAction="s3:*", NotResource=kept)
    assert not _allows(Action="s3:*", NotResource=kept)


@pytest.mark.parametrize("kept", ["*", "arn:aws*:iam::*", ["arn:*:iam::*", "arn:aws:s3:::b"], []])
def test_not_resource_that_leaves_none(kept: object) -> None:
    assert not _allows(Action="*", NotResource=kept)


def test_one_statement_of_several_is_enough_and_a_denial_is_none() -> None:
    reading = {"Effect": "Allow", "Action": "s3:Get*", "Resource": "*"}
    everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    assert policy_grants_everything({"Statement": [reading, everything]})
    assert not policy_grants_everything({"Statement": [reading, everything | {"Effect": "Deny"}]})
