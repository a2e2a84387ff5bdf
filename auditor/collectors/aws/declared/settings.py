"""What targets of kinds `terraform-plan` and `cloudformation-template` may say."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from auditor.collectors.aws.settings import AccountId, Region

File = Annotated[str, StringConstraints(min_length=1)]


class PlanSettings(BaseModel):
    """Settings of a Terraform plan.

    Args:
        path: File that `terraform show -json` wrote, or `-` for standard input.
        account, region: Where it will be applied, as far as that shall be known.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: File
    account: AccountId | None = None
    region: Region | None = None


class TemplateSettings(PlanSettings):
    """Settings of a CloudFormation template.

    Args:
        path: File in JSON or YAML, or `-` for standard input.
        parameters: Values of its parameters; the defaults of the template without. Never a secret.
    """

    parameters: dict[str, str] = Field(default_factory=dict)
