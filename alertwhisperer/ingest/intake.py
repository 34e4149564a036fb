"""
The one way in: what a source understood becomes deliveries, each within its company's limits.

The gateway comes here with a request, a feed with an item that it found. What an MSP-wide integration received is split
by company here, so that no company sees or waits for another's alerts.
"""

from collections.abc import Sequence
from hashlib import blake2b
from uuid import UUID

import msgspec

from alertwhisperer.domain.company import CompanyId
from alertwhisperer.domain.delivery import AskedAction, Delivery, Member, Unreadable
from alertwhisperer.guard.vault import Vault, integration_context
from alertwhisperer.ingest import routing
from alertwhisperer.ingest.admission import Admission
from alertwhisperer.ingest.keyring import Holder
from alertwhisperer.ingest.reading import members_of, request_text
from alertwhisperer.ingest.routing import Routes
from alertwhisperer.kit.ids import delivery_id_int
from alertwhisperer.sources.contract import Inbound, Parsed, Source

_encode = msgspec.json.encode


class OverLimit(Exception):
    """Every company that the request is for is over its limit; `wait_s` seconds may help."""

    def __init__(self, wait_s: float) -> None:
        super().__init__(f"wait {wait_s:.1f} s")
        self.wait_s = wait_s


class Read(msgspec.Struct, gc=False):
    """
    What was let in and understood.

    Attributes:
        speaker: the source that read it.
        sender: 16 bytes that name it, so that it is stored once; None when it has no name.
        signed: whether our signature scheme vouched for it.
    """

    inbound: Inbound
    speaker: Source
    parsed: Parsed | Unreadable
    sender: bytes | None
    signed: bool = False


class Intake:
    """Makes deliveries of what was read."""

    def __init__(self, admission: Admission, vault: Vault) -> None:
        self._admission = admission
        self._vault = vault

    async def deliveries(self, read: Read, holder: Holder, *, come_back: bool = True) -> list[Delivery]:
        """
        The deliveries that are to be stored together; the integration's own is the last.

        Args:
            come_back: whether the sender can be told to come back with this alone; else a company's part that is over
                its limit always waits in quarantine.

        Raises:
            OverLimit: nothing of it may be stored now.
        """
        inbound, now = read.inbound, read.inbound.received_at
        others: list[Delivery] = []
        if holder.routes is None or isinstance(read.parsed, Unreadable):
            members = members_of(read.parsed, holder.integration)
        else:
            members, others = await self._route(read, read.parsed, holder, holder.routes, come_back)
        own = Delivery(
            id=delivery_id_int(int(now.timestamp() * 1000)).to_bytes(16, "big"),
            company=holder.company,
            integration=holder.integration,
            source=read.speaker.slug,
            parser=read.speaker.version,
            settings_version=holder.version,
            received_at=now,
            sender=read.sender,
            body_hash=None if read.sender is None else routing.digest(inbound.body),
            signed=read.signed,
            request=request_text(inbound),
            body=inbound.body,
            members=members,
            actions=self._actions(read.parsed, holder),
        )
        for part in others:
            part.whole = own.id
        return [*others, own]

    def refund(self, deliveries: Sequence[Delivery], size: int) -> None:
        """
        A repeat costs nothing: give back what its deliveries took.

        Args:
            size: bytes that were charged for the integration's own, the last.
        """
        own = deliveries[-1]
        for delivery in deliveries:
            if delivery is not own and delivery.company == own.company:
                continue  # what we said ourselves cost nothing
            spent = size if delivery is own else len(delivery.body)
            self._admission.refund(CompanyId(UUID(bytes=delivery.company)), len(delivery.members), spent)

    def _actions(self, parsed: Parsed | Unreadable, holder: Holder) -> list[AskedAction]:
        if isinstance(parsed, Unreadable):
            return []
        context = integration_context(holder.company_id, holder.integration_id)
        return [
            AskedAction(one.kind, one.subject, self._vault.seal(_encode(one.data), context), one.approved)
            for one in parsed.actions
        ]

    async def _route(
        self, read: Read, parsed: Parsed, holder: Holder, routes: Routes, come_back: bool
    ) -> tuple[list[Member], list[Delivery]]:
        """
        What stays with the MSP, and what goes to companies: each within its own limits.

        A company over its limit must not hold up the others in one request: its part waits. When nothing else is in
        the request, the sender is told to come back, as if it had asked for that company alone.
        """
        now = read.inbound.received_at
        routed = routing.route(parsed.occurrences, routes)
        waiting = routed.waiting
        others: list[Delivery] = []
        longest_s = 0.0
        for target, told_here in routed.mapped.values():
            wait_s = await self._admission.admit(target.company_id, target.limits)
            if wait_s > 0:
                longest_s = max(longest_s, wait_s)
                waiting.extend(routing.over_limit(place, one, routes.label) for place, one in told_here)
                continue
            derived = None if read.sender is None else routing.digest(read.sender, target.company)
            delivery = routing.native_delivery(
                target.company,
                target.integration,
                [one for _, one in told_here],
                received_at=now,
                sender=derived,
                signed=read.signed,
            )
            self._admission.charge(target.company_id, len(delivery.members), len(delivery.body))
            others.append(delivery)
        alone = not others and len(waiting) == sum(len(told) for _, told in routed.mapped.values())
        if longest_s > 0 and alone and come_back:
            raise OverLimit(longest_s)
        shouts = routing.shout_about(waiting, holder.integration, holder.name)
        if shouts:
            name = routing.digest(read.sender or blake2b(str(now).encode()).digest(), b"shout")
            others.append(routing.native_delivery(holder.company, routes.own, shouts, received_at=now, sender=name))
        waiting.extend(Member(one.index, one) for one in parsed.refused)
        waiting.sort(key=lambda member: member.index)
        if not waiting and not others:
            return members_of(parsed, holder.integration), []
        return waiting, others
