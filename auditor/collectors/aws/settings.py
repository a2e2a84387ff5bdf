"""What a target of kind `aws-account` may say in `auditor.yaml`. Never a secret."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Region = Annotated[str, StringConstraints(pattern=r"^[a-z]{2}(-[a-z]+)+-[0-9]+$")]

AccountId = Annotated[str, StringConstraints(pattern=r"^\d{12}$")]


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
        home_region: Region that answers for services without regions; needed in other partitions
            (`cn-north-1`, `us-gov-west-1`) where the profile names none.
        digest_hours: How far back the digests of a trail are verified; longer than a day, so that
            daily runs leave nothing out.
        digest_max_logs: Log files of a trail in a region that are read at most; more is a gap.
        unresolved: Why nothing is known about it (an organization that could not be listed).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    profile: str | None = None
    role_arn: Annotated[str, StringConstraints(pattern=r"^arn:aws[a-z-]*:iam::\d{12}:role/")] | (
        None
    ) = None
    external_id: str | None = None
    regions: Literal["enabled"] | Annotated[list[Region], Field(min_length=1)] = "enabled"
    account: AccountId | None = None
    endpoint_url: str | None = None
    max_attempts: int = Field(default=4, ge=1, le=10)
    rates: dict[str, Annotated[float, Field(gt=0)]] = Field(default_factory=dict)
    session_tags: dict[str, str] = Field(default_factory=dict)
    home_region: Region | None = None
    digest_hours: int = Field(default=30, ge=1, le=24 * 32)
    digest_max_logs: int = Field(default=5000, ge=1)
    unresolved: dict[str, str] | None = None


class OrganizationSettings(BaseModel):
    """Settings of a target of kind `aws-organization`: every active account becomes a target.

    Args:
        role: Name of the role to assume in each account; the caller's own account needs none.
        accounts: Only these accounts; all of them where it is empty.
        exclude: Accounts to leave out.
        units: Only accounts below these organizational units or roots (`ou-...`, `r-...`).
        The others are as of an account, for each account.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    role: Annotated[str, StringConstraints(pattern=r"^[\w+=,.@/-]{1,128}$")]
    accounts: tuple[AccountId, ...] = ()
    exclude: tuple[AccountId, ...] = ()
    units: tuple[Annotated[str, StringConstraints(pattern=r"^(ou|r)-[a-z0-9-]+$")], ...] = ()
    profile: str | None = None
    external_id: str | None = None
    regions: Literal["enabled"] | Annotated[list[Region], Field(min_length=1)] = "enabled"
    endpoint_url: str | None = None
    max_attempts: int = Field(default=4, ge=1, le=10)
    rates: dict[str, Annotated[float, Field(gt=0)]] = Field(default_factory=dict)
    session_tags: dict[str, str] = Field(default_factory=dict)
    home_region: Region | None = None
    digest_hours: int = Field(default=30, ge=1, le=24 * 32)
    digest_max_logs: int = Field(default=5000, ge=1)

    def common(self) -> dict[str, object]:
        """What holds for the organization's own calls and for each account alike."""
        return {
            "profile": self.profile,
            "endpoint_url": self.endpoint_url,
            "max_attempts": self.max_attempts,
            "rates": self.rates,
            "session_tags": self.session_tags,
            "home_region": self.home_region,
            "digest_hours": self.digest_hours,
            "digest_max_logs": self.digest_max_logs,
        }
