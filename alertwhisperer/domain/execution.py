"""
Execution: one script on one target, what is asked of an executor and what it answers.

The journal (`act_id`) is what makes an act happen at most once: who asks commits it first, the executor carries it to
the target, and after a crash it is looked up there instead of being sent again.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from alertwhisperer.domain.runbook import Shell


class Ending(StrEnum):
    """How it ended, as far as we know."""

    SUCCEEDED = "succeeded"
    """The script ran and exited with 0."""
    FAILED = "failed"
    """It ran and exited with something else, or was ended by a signal."""
    TIMED_OUT = "timed_out"
    """It was begun and ended by us, or by the target, at its deadline."""
    CANCELLED = "cancelled"
    """It was ended because somebody asked."""
    NOT_STARTED = "not_started"
    """For certain nothing ran: refused, unreachable before anything was sent, undeliverable, access denied."""
    UNCERTAIN = "uncertain"
    """Nobody can say whether it ran; it must never be sent again by itself."""


@dataclass(frozen=True, slots=True)
class Reach:
    """
    How a target is reached: a binding of the inventory with its credential opened.

    Attributes:
        executor: slug of an open folder's entry: `ssh`, `ssm`, `winrm`, `container`.
        settings: of the target, as the executor declares them: address, port, user, instance, region, role.
        secrets: of the credential, opened for this call; never logged, shown or stored elsewhere.
    """

    executor: str
    settings: Mapping[str, str]
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Call:
    """
    What is asked.

    Attributes:
        act_id: of this script on this target in this run; the same one means the same act.
        run_id: names sessions and comments at the vendor, so that its log traces back to ours.
        script: bytes, exactly as they were approved.
        parameters: values by name; handed over as `AW_` + name in capitals.
        snapshot: what `undo` is given; None for the others.
        timeout_s: of the script.
    """

    act_id: UUID
    run_id: UUID
    shell: Shell
    script: bytes = field(repr=False)
    parameters: Mapping[str, str]
    timeout_s: int
    snapshot: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Outcome:
    """
    What came of it.

    Attributes:
        exit_code: None when the script did not exit by itself.
        stdout, stderr: whole, up to the executor's `most_bytes`; `cut` says when more was there.
        reference: the vendor's id of it (SSM command id), for a person to look it up; link: its page there.
        reason: what happened, for a person: never with a secret.
    """

    ending: Ending
    reason: str
    exit_code: int | None = None
    stdout: bytes = field(default=b"", repr=False)
    stderr: bytes = field(default=b"", repr=False)
    cut: bool = False
    reference: str = ""
    link: str = ""
    started_at: datetime | None = None
    ended_at: datetime | None = None
