"""Opens the places outside the database that keep checkpoints of the audit log, as the settings name them."""

from collections.abc import Mapping, Sequence

from alertwhisperer import witnesses as folder
from alertwhisperer.app.outbound import Outbound
from alertwhisperer.app.settings import Settings
from alertwhisperer.domain.errors import Invalid
from alertwhisperer.kit import registry
from alertwhisperer.kit.clock import Clock
from alertwhisperer.sources.contract import Asked
from alertwhisperer.witnesses.contract import Means, Post, Witness, WitnessKind


def all_kinds() -> Mapping[str, WitnessKind]:
    """The kinds of places that this installation knows, by slug."""
    return registry.load(folder, "WITNESS", WitnessKind)


def open_witnesses(settings: Settings, clock: Clock, addresses: Sequence[str] = ()) -> tuple[Witness, ...]:
    """
    The witnesses at some addresses; those of the settings when none are given. Nothing is called yet.

    Raises:
        Invalid: an address that cannot be used.
    """
    kinds = {one.scheme: one for one in all_kinds().values()}
    means = Means(post_of(settings), settings.audit_webhook_secret, clock)
    return tuple(_open(one, kinds, means) for one in addresses or settings.witness_addresses)


def post_of(settings: Settings) -> Post:
    """POST through the guarded door for outside calls."""
    outbound = Outbound(
        networks=settings.outbound_networks,
        resolve=dict(settings.outbound_resolve),
        ca_file=settings.outbound_ca_file,
    )

    async def post(url: str, headers: Mapping[str, str], body: bytes) -> int:
        return (await outbound.call(Asked(url, "POST", headers, body))).status

    return post


def _open(address: str, kinds: Mapping[str, WitnessKind], means: Means) -> Witness:
    kind = kinds.get(address.partition(":")[0])
    if kind is None:
        raise Invalid(
            f"{address!r} names no known kind of place",
            where="ALERTWHISPERER_AUDIT_WITNESSES",
            mend=f"begin with one of {', '.join(sorted(kinds))}",
        )
    return kind.open(address, means)
