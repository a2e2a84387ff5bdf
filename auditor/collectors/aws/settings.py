"""What a target of kind `aws-account` may say in `auditor.yaml`. Never a secret."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Region = Annotated[str, StringConstraints(pattern=r"^[a-z]{2}(-[a-z]+)+-[0-9]+$")]


class AwsSettings(BaseModel):
    """Settings of an AWS account; credentials come from boto3's own chain.

    Args:
        profile: Profile of the shared configuration; the ambient chain without it.
        role_arn: Role to assume from there, with `external_id` where its trust asks for one.
        regions: `enabled` (every region that the account has opted in) or a list.
        account: Expected account id: another account is a gap, and nothing is read from it.
        endpoint_url: Another endpoint for all services; `AWS_ENDPOINT_URL` is respected as well.
        max_attempts: Attempts per request, the first included.
        rates: Requests a second by service (botocore's name, or `default`), in each region, where
            the published rates shall not hold.
        session_tags: Tags of the assumed role's session.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    profile: str | None = None
    role_arn: Annotated[str, StringConstraints(pattern=r"^arn:aws[a-z-]*:iam::\d{12}:role/")] | (
        None
    ) = None
    external_id: str | None = None
    regions: Literal["enabled"] | Annotated[list[Region], Field(min_length=1)] = "enabled"
    account: Annotated[str, StringConstraints(pattern=r"^\d{12}$")] | None = None
    endpoint_url: str | None = None
    max_attempts: int = Field(default=4, ge=1, le=10)
    rates: dict[str, Annotated[float, Field(gt=0)]] = Field(default_factory=dict)
    session_tags: dict[str, str] = Field(default_factory=dict)
