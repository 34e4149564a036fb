"""What every executor is: how it is bound to a target, and how it runs, finds and ends one script there."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network
from typing import Protocol

from alertwhisperer.domain.execution import Call, Outcome, Reach
from alertwhisperer.domain.runbook import Platform
from alertwhisperer.kit.clock import Clock

MOST_BYTES = 8 * 1024 * 1024
"""Of standard output and of standard error, each; what is beyond is dropped and `cut` says so."""


@dataclass(frozen=True, slots=True)
class Setting:
    """
    One thing that a person fills in when binding a target or keeping a credential.

    Attributes:
        secret: never shown again.
        pattern: the whole value matches it; empty: any text.
        lines: whether it may hold more than one line.
        is_external_id: of a credential: not filled in by anybody, it is the company's own external ID.
    """

    name: str
    description: str
    required: bool = True
    secret: bool = False
    default: str = ""
    pattern: str = ""
    lines: bool = False
    is_external_id: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """
    What a binding means, for the plan that is approved: the machine, not a name that could come to mean another.

    Attributes:
        account, region: where a cloud's target lies.
        host_key: what tells the host from any other: fingerprint of its key, or the cloud's id of it.
    """

    account: str = ""
    region: str = ""
    host_key: str = ""


Heard = Callable[[bytes, bytes], None]
"""Called with what standard output and standard error said since the last call, for those who watch."""


class Runner(Protocol):
    """One way to run a script. Every method has a timeout of its own and an end."""

    async def run(self, reach: Reach, call: Call, heard: Heard) -> Outcome:
        """Run it, at most once; never raises for what the target or the network does."""

    async def find(self, reach: Reach, call: Call) -> Outcome | None:
        """
        After a crash: what became of a call that may have been sent.

        Returns:
            Its outcome (waiting for its end, up to the timeout); `NOT_STARTED` when it certainly was never begun;
            None when the target cannot be asked now, so ask later.
        """

    async def cancel(self, reach: Reach, call: Call) -> None:
        """Ask the target to end it; `run` or `find` then says what became of it."""

    async def check(self, reach: Reach) -> Sequence[str]:
        """What is wrong with the way to the target, each with its mend; empty when a run could begin."""


@dataclass(frozen=True, slots=True)
class Means:
    """
    What the installation lends its executors.

    Attributes:
        networks: of this machine's own addresses that may be targets all the same: none but in tests and the demo.
        containers: whether those of this machine may be targets, likewise: else a company's admin could bind one that
            is the MSP's own.
    """

    clock: Clock
    networks: tuple[IPv4Network | IPv6Network, ...] = ()
    containers: bool = False


@dataclass(frozen=True, slots=True)
class Executor:
    """
    An entry of the open folder; each module defines `EXECUTOR`.

    Attributes:
        platforms: it can reach.
        binding, credential: what a target and a credential need.
        fingerprint: what tells a binding's target from any other, by its settings alone; raises `Invalid` likewise.
        place: what a binding's settings and a credential's open values mean; raises `Invalid` when they are of no use.
        setup: Markdown: how a target is made ready, and what it withstands.
        proves: whether a credential must be proven before it is used: that the way is closed to everybody else.
        make: builds the runner; called once a process.
        tells_as_it_comes: whether its runner hears output while the script runs, or all of it when it ended.
    """

    slug: str
    title: str
    platforms: frozenset[Platform]
    binding: tuple[Setting, ...]
    credential: tuple[Setting, ...]
    fingerprint: Callable[[Mapping[str, str]], str]
    place: Callable[[Mapping[str, str], Mapping[str, str]], Place]
    setup: str
    make: Callable[[Means], Runner]
    proves: bool = False
    tells_as_it_comes: bool = True
