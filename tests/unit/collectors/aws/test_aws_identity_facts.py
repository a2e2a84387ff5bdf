"""The credential report, administrators, policies and second factors."""

from __future__ import annotations

import pytest

from auditor.collectors.aws.facts.credential_report import credential_report
from auditor.collectors.aws.facts.identity import (
    administrator_reasons,
    administrators,
    identity_policies,
    is_root_device,
    root_virtual_devices,
)
from auditor.collectors.aws.facts.unreadable import Unreadable

# Form and values of the IAM User Guide.
_HEADER = (
    "user,arn,user_creation_time,password_enabled,password_last_used,password_last_changed,"
    "password_next_rotation,mfa_active,access_key_1_active,access_key_1_last_rotated,"
    "access_key_1_last_used_date,access_key_1_last_used_region,access_key_1_last_used_service,"
    "access_key_2_active,access_key_2_last_rotated,access_key_2_last_used_date,"
    "access_key_2_last_used_region,access_key_2_last_used_service,cert_1_active,"
    "cert_1_last_rotated,cert_2_active,cert_2_last_rotated"
)
_ROOT = (
    "<root_account>,arn:aws:iam::123456789012:root,2020-01-02T03:04:05+00:00,not_supported,"
    "2026-10-01T00:00:00+00:00,not_supported,not_supported,true,false,N/A,N/A,N/A,N/A,false,N/A,"
    "N/A,N/A,N/A,false,N/A,false,N/A"
)
_USER = (
    "ann,arn:aws:iam::123456789012:user/ann,2021-01-02T03:04:05+00:00,true,no_information,"
    "2021-02-02T00:00:00+00:00,N/A,false,true,2021-02-02T00:00:00+00:00,N/A,N/A,N/A,true,"
    "2021-03-02T00:00:00+00:00,2021-04-02T00:00:00+00:00,eu-west-1,s3,true,N/A,false,N/A"
)
_STAR = {"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}
_SMALL = {"Statement": {"Effect": "Allow", "Action": "s3:Get*", "Resource": "*"}}
_ADMIN_ARN = "arn:aws:iam::aws:policy/AdministratorAccess"
_OWN_ARN = "arn:aws:iam::123456789012:policy/own"


def _report(*rows: str) -> bytes:
    return "\n".join([_HEADER, *rows]).encode()


def test_root_row() -> None:
    [row] = credential_report(_report(_ROOT))
    assert row["is_root"] is True
    assert row["password_enabled"] is None
    assert row["mfa_active"] is True
    assert row["password_last_changed"] is None


def test_user_row() -> None:
    [row] = credential_report(_report(_USER).decode())
    assert row["password_enabled"] is True
    assert row["password_last_used"] is None
    assert row["active_access_keys"] == 2
    assert row["active_certificates"] == 1
    keys = row["access_keys"]
    assert isinstance(keys, list)
    first, second = keys
    assert (first["last_used_at"], second["last_used_region"]) == (None, "eu-west-1")


@pytest.mark.parametrize(
    ("old", "new", "column"),
    [
        (",false,true,2021", ",maybe,true,2021", "mfa_active"),
        (",true,no_information", ",not_supported,no_information", "password_enabled"),
        ("2021-01-02T03:04:05+00:00", "", "created_at"),
        (",false,true,2021", ",false,,2021", "active_access_keys"),
    ],
)
def test_a_bad_cell_is_unreadable_and_the_rest_is_read(old: str, new: str, column: str) -> None:
    assert old in _USER
    bad, good = credential_report(_report(_USER.replace(old, new, 1), _USER))
    assert isinstance(bad[column], Unreadable)
    assert bad["arn"] == good["arn"]
    assert not isinstance(good[column], Unreadable)


def test_a_short_row_is_unreadable_at_its_end() -> None:
    [row] = credential_report(_report(_USER.rpartition(",false,")[0]))
    assert isinstance(row["active_certificates"], Unreadable)


@pytest.mark.parametrize("content", [None, 7, b"", b"user,arn\n", b"<html>"])
def test_what_is_no_report_is_refused(content: object) -> None:
    with pytest.raises(ValueError, match="credential report"):
        credential_report(content)


def _details(**changes: object) -> dict[str, object]:
    policies = [
        {"Arn": _ADMIN_ARN, "PolicyName": "AdministratorAccess", "AttachmentCount": 1,
         "PolicyVersionList": [{"IsDefaultVersion": True, "Document": _STAR}]},
        {"Arn": "arn:aws:iam::aws:policy/Unused", "AttachmentCount": 0,
         "PolicyVersionList": [{"IsDefaultVersion": True, "Document": _STAR}]},
        {"Arn": _OWN_ARN, "PolicyId": "ANPA1", "PolicyName": "own", "AttachmentCount": 0,
         "PermissionsBoundaryUsageCount": 1,
         "PolicyVersionList": [{"IsDefaultVersion": False, "Document": _STAR},
                               {"IsDefaultVersion": True, "Document": _SMALL}]},
    ]  # fmt: skip
    users = [
        {"Arn": "u/direct", "UserId": "1", "GroupList": [],
         "AttachedManagedPolicies": [{"PolicyArn": _ADMIN_ARN}]},
        {"Arn": "u/group", "UserId": "2", "GroupList": ["g"]},
        {"Arn": "u/plain", "UserId": "3", "GroupList": [], "UserPolicyList":
         [{"PolicyName": "p", "PolicyDocument": _SMALL}]},
    ]  # fmt: skip
    groups = [
        {"GroupName": "g", "Arn": "g/g", "GroupId": "4", "GroupPolicyList":
         [{"PolicyName": "all", "PolicyDocument": _STAR}]},
    ]  # fmt: skip
    return {
        "UserDetailList": users,
        "GroupDetailList": groups,
        "RoleDetailList": [],
        "Policies": policies,
    } | changes


def test_administrators_by_attachment_and_by_group() -> None:
    assert administrators(_details()) == {"u/direct": True, "u/group": True, "u/plain": False}
    assert administrator_reasons(_details()) == {
        "u/direct": [f"policy {_ADMIN_ARN}"],
        "u/group": ["group g: inline policy all"],
        "u/plain": [],
    }


def test_an_unknown_document_makes_that_user_unreadable_alone() -> None:
    reasons = administrator_reasons(_details(Policies=[]))
    assert isinstance(reasons["u/direct"], Unreadable)
    assert isinstance(administrators(_details(Policies=[]))["u/direct"], Unreadable)
    assert reasons["u/plain"] == []


def test_an_unknown_group_makes_that_user_unreadable_alone() -> None:
    reasons = administrator_reasons(_details(GroupDetailList=[]))
    assert isinstance(reasons["u/group"], Unreadable)
    assert reasons["u/plain"] == []


@pytest.mark.parametrize(
    "part", ["UserDetailList", "GroupDetailList", "RoleDetailList", "Policies"]
)
def test_an_answer_without_one_of_its_lists_is_refused(part: str) -> None:
    with pytest.raises(ValueError, match=part):
        identity_policies(_details(**{part: None}))
    with pytest.raises(ValueError, match=part):
        administrators(_details(**{part: None}))


def test_policies_of_every_kind() -> None:
    rows = {row["key"]: row for row in identity_policies(_details())}
    assert rows.keys() == {_ADMIN_ARN, _OWN_ARN, "u/plain/inline/p", "g/g/inline/all"}
    assert rows[_ADMIN_ARN]["attached_to"] == ["u/direct"]
    assert rows[_OWN_ARN]["document"] == _SMALL
    assert (rows[_OWN_ARN]["attachments"], rows[_OWN_ARN]["attached"]) == (1, True)
    assert rows["u/plain/inline/p"]["uid"] == "3/p"


def test_an_attached_policy_without_document_is_listed() -> None:
    [row] = [r for r in identity_policies(_details(Policies=[])) if r["kind"] == "aws_managed"]
    assert (row["document"], row["attached"], row["name"]) == (None, True, "AdministratorAccess")


def test_root_s_virtual_devices() -> None:
    by_name = {"SerialNumber": "arn:aws:iam::1:mfa/root-account-mfa-device"}
    by_owner = {"SerialNumber": "arn:aws:iam::1:mfa/phone", "User": {"Arn": "arn:aws:iam::1:root"}}
    user = {"SerialNumber": "arn:aws:iam::1:mfa/ann", "User": {"Arn": "arn:aws:iam::1:user/ann"}}
    free = {"SerialNumber": "arn:aws:iam::1:mfa/free"}
    assert root_virtual_devices([user, by_name, free, by_owner]) == [
        "arn:aws:iam::1:mfa/phone",
        "arn:aws:iam::1:mfa/root-account-mfa-device",
    ]
    assert not is_root_device(free)
    with pytest.raises(ValueError, match="SerialNumber"):
        is_root_device({})
