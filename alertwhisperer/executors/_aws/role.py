"""
The role that a client's account has for us: the least rights, as CloudFormation and as Terraform.

`RIGHTS` is the one list of what we may do there; both templates and the check of a role are made of it.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from alertwhisperer.domain.errors import Invalid

ROLE_NAME = "alertwhisperer"
PREFIX = "alertwhisperer"
"""Of output in the bucket, and of sessions' names."""

PRINCIPAL = r"arn:(aws|aws-cn|aws-us-gov):iam::[0-9]{12}:(root|(role|user)/[A-Za-z0-9+=,.@_/-]{1,512})"
BUCKET = r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]"
_EXTERNAL_ID = r"aw-[0-9a-f]{40}"


class Format(StrEnum):
    """What a client applies templates with."""

    CLOUDFORMATION = "cloudformation"
    TERRAFORM = "terraform"


@dataclass(frozen=True, slots=True)
class Right:
    """
    Something that the role must be allowed.

    Attributes:
        sid: of the statement it stands in.
        action: as IAM names it.
        why: what is lost without it.
    """

    sid: str
    action: str
    why: str


RIGHTS: tuple[Right, ...] = (
    Right("Send", "ssm:SendCommand", "no script can be run"),
    Right("Follow", "ssm:GetCommandInvocation", "nobody hears how a script ended"),
    Right("Follow", "ssm:ListCommands", "after a crash it is not known what was sent"),
    Right("Follow", "ssm:CancelCommand", "a script cannot be ended early"),
    Right("Follow", "ssm:DescribeInstanceInformation", "it is not known which instances can be reached"),
    Right("Follow", "ssm:DescribeInstancePatchStates", "patch compliance is not measured"),
)
BUCKET_RIGHTS: tuple[Right, ...] = (
    Right("FindOutput", "s3:ListBucket", "output beyond 24,000 characters is not found"),
    Right("ReadOutput", "s3:GetObject", "output beyond 24,000 characters is not read"),
)

_NOTE = "Lets Alert Whisperer run approved scripts by Systems Manager, and nothing else."


@dataclass(frozen=True, slots=True)
class Wanted:
    """
    Whose role it is.

    Attributes:
        principal: ARN of who assumes it: our own identity.
        external_id: the company's.
        bucket: for whole output; empty for none.
    """

    principal: str
    external_id: str
    bucket: str = ""


def template(wanted: Wanted, form: Format) -> str:
    """
    The text that a client applies.

    Raises:
        Invalid: the principal or the bucket is no name of one.
    """
    for name, value, pattern in (
        ("principal", wanted.principal, PRINCIPAL),
        ("output_bucket", wanted.bucket, f"({BUCKET})?"),
        ("external_id", wanted.external_id, _EXTERNAL_ID),
    ):
        if not re.fullmatch(pattern, value):
            raise Invalid(f"{value[:100]!r} cannot be used", where=name, mend="give an ARN, or the name of a bucket")
    return _cloudformation(wanted) if form is Format.CLOUDFORMATION else _terraform(wanted)


def _trust(wanted: Wanted) -> Mapping[str, Any]:
    """Who may assume it: we, with the external ID, in a session that is named as ours are."""
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "AlertWhisperer",
                "Effect": "Allow",
                "Principal": {"AWS": wanted.principal},
                "Action": "sts:AssumeRole",
                "Condition": {
                    "StringEquals": {"sts:ExternalId": wanted.external_id},
                    "StringLike": {"sts:RoleSessionName": f"{PREFIX}-*"},
                },
            }
        ],
    }


def _policy(wanted: Wanted, partition: str, account: str) -> Mapping[str, Any]:
    documents = [
        f"arn:{partition}:ssm:*::document/{name}" for name in ("AWS-RunShellScript", "AWS-RunPowerShellScript")
    ]
    targets = [
        f"arn:{partition}:ec2:*:{account}:instance/*",
        f"arn:{partition}:ssm:*:{account}:managed-instance/*",
    ]
    statements: list[Mapping[str, Any]] = [
        {"Sid": "Send", "Effect": "Allow", "Action": _actions("Send"), "Resource": [*documents, *targets]},
        # AWS knows no narrower resource for these.
        {"Sid": "Follow", "Effect": "Allow", "Action": _actions("Follow"), "Resource": "*"},
    ]
    if wanted.bucket:
        bucket = f"arn:{partition}:s3:::{wanted.bucket}"
        statements += [
            {
                "Sid": "FindOutput",
                "Effect": "Allow",
                "Action": _actions("FindOutput"),
                "Resource": bucket,
                "Condition": {"StringLike": {"s3:prefix": f"{PREFIX}/*"}},
            },
            {
                "Sid": "ReadOutput",
                "Effect": "Allow",
                "Action": _actions("ReadOutput"),
                "Resource": f"{bucket}/{PREFIX}/*",
            },
        ]
    return {"Version": "2012-10-17", "Statement": statements}


def _actions(sid: str) -> Sequence[str]:
    return [right.action for right in (*RIGHTS, *BUCKET_RIGHTS) if right.sid == sid]


def _cloudformation(wanted: Wanted) -> str:
    policy = _substituted(_policy(wanted, "${AWS::Partition}", "${AWS::AccountId}"))
    whole = {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": _NOTE,
        "Resources": {
            "Role": {
                "Type": "AWS::IAM::Role",
                "Properties": {
                    "RoleName": ROLE_NAME,
                    "Description": _NOTE,
                    "MaxSessionDuration": 3600,
                    "AssumeRolePolicyDocument": _trust(wanted),
                    "Policies": [{"PolicyName": ROLE_NAME, "PolicyDocument": policy}],
                },
            }
        },
        "Outputs": {
            "RoleArn": {
                "Description": "Give it to your service provider.",
                "Value": {"Fn::GetAtt": ["Role", "Arn"]},
            }
        },
    }
    return json.dumps(whole, indent=2) + "\n"


def _substituted(value: Any) -> Any:
    """The same with every text that names account or partition handed to CloudFormation."""
    if isinstance(value, Mapping):
        return {name: _substituted(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_substituted(one) for one in value]
    return {"Fn::Sub": value} if isinstance(value, str) and "${" in value else value


def _terraform(wanted: Wanted) -> str:
    # JSON is an expression of Terraform's language, so nothing is written twice.
    partition, account = "${data.aws_partition.here.partition}", "${data.aws_caller_identity.here.account_id}"
    policy = json.dumps(_policy(wanted, partition, account), indent=2)
    trust = json.dumps(_trust(wanted), indent=2)
    return f"""\
# {_NOTE}
data "aws_partition" "here" {{}}
data "aws_caller_identity" "here" {{}}

resource "aws_iam_role" "alertwhisperer" {{
  name                 = "{ROLE_NAME}"
  description          = "{_NOTE}"
  max_session_duration = 3600
  assume_role_policy   = jsonencode({trust})
}}

resource "aws_iam_role_policy" "alertwhisperer" {{
  name   = "{ROLE_NAME}"
  role   = aws_iam_role.alertwhisperer.id
  policy = jsonencode({policy})
}}

output "role_arn" {{
  description = "Give it to your service provider."
  value       = aws_iam_role.alertwhisperer.arn
}}
"""
