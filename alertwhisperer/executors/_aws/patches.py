"""What Systems Manager says of instances' patches."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from alertwhisperer.executors._aws.session import Account

_AT_ONCE = 50  # AWS's bound


@dataclass(frozen=True, slots=True)
class Patches:
    """
    Of one instance, when it last looked.

    Attributes:
        critical: patches that the baseline calls critical and that are not in place.
    """

    instance: str
    installed: int
    missing: int
    failed: int
    critical: int
    scanned_at: datetime


async def patches_of(account: Account, instances: Sequence[str]) -> list[Patches]:
    """
    What is known of these; an instance that never looked is left out.

    Raises:
        Refused, Unanswered: as `Account.ask`.
    """
    found: list[Patches] = []
    for start in range(0, len(instances), _AT_ONCE):
        answer = await account.ask(
            "ssm", "describe_instance_patch_states", InstanceIds=list(instances[start : start + _AT_ONCE])
        )
        found += [_patches(one) for one in answer["InstancePatchStates"]]
    return found


def _patches(said: Mapping[str, Any]) -> Patches:
    return Patches(
        instance=said["InstanceId"],
        installed=int(said.get("InstalledCount", 0)),
        missing=int(said.get("MissingCount", 0)),
        failed=int(said.get("FailedCount", 0)),
        critical=int(said.get("CriticalNonCompliantCount", 0)),
        scanned_at=said["OperationEndTime"],
    )
