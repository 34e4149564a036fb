"""
The throttle of signing in: failed tries are counted, and each beyond a few free ones makes the next wait twice as long.

Nothing is ever locked. What is counted is chosen so that an attack makes its own way narrow and not its victim's: tries
from a device that signed in before are counted for that device alone, and a right code of the second factor passes by
the count that all strangers together fill.
"""

import ipaddress
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from uuid import UUID

from alertwhisperer.domain.company import INSTALLATION, Scope
from alertwhisperer.domain.errors import Throttled
from alertwhisperer.guard.vault import Vault
from alertwhisperer.store import sign_in as rows
from alertwhisperer.store.database import Database, Unit
from alertwhisperer.store.sign_in import Counted

HALF_LIFE = timedelta(hours=6)  # half of what was counted is forgotten
FORGOTTEN_AFTER = 16 * HALF_LIFE
_FRESH = Counted(0.0, datetime(2000, 1, 1, tzinfo=UTC), datetime(2000, 1, 1, tzinfo=UTC))


class Kind(Enum):
    """What tries are counted for: how many are free, and the longest wait in seconds."""

    PAIR = "pair", 5, 900
    """One account from one network: a person who mistypes, or who guesses one other's password."""
    NETWORK = "network", 50, 300
    """One network: somebody who tries one password on many accounts. An office shares it, hence the many free tries."""
    ACCOUNT = "account", 30, 300
    """One account from wherever: guessing with many machines."""
    CODES = "codes", 5, 900
    """Wrong codes after the right password: somebody has it, so this is as narrow as can be."""
    DEVICE = "device", 10, 900
    """A device that signed in to this account before."""

    def __init__(self, word: str, free: int, most_s: int) -> None:
        self.word = word
        self.free = free
        self.most_s = most_s


@dataclass(frozen=True, slots=True)
class Bucket:
    """What one try is counted for."""

    id: UUID
    kind: Kind


def bucket(vault: Vault, kind: Kind, *parts: str) -> Bucket:
    """The bucket of a kind for an account, a network or a device; its id tells nothing without the master key."""
    return Bucket(vault.hash("/".join((f"throttle/{kind.word}", *parts))), kind)


def network_of(ip: str) -> str:
    """
    What one subscriber is usually given: the /24 of an IPv4 address, the /56 of an IPv6 one.

    Any other text stands for itself: tries from nowhere are one network.
    """
    try:
        address = ipaddress.ip_address(ip)
    except ValueError:
        return ip
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return str(ipaddress.ip_network((address, 24 if address.version == 4 else 56), strict=False))


def counted_on(counted: Counted, kind: Kind, *, now: datetime) -> Counted:
    """What a bucket holds after one more try, which counts as failed until it is given back."""
    failures = faded(counted, now=now) + 1
    over = failures - kind.free
    wait_s = 0.0 if over <= 0 else min(2.0 ** min(over, 30.0), kind.most_s)
    return Counted(failures, now + timedelta(seconds=wait_s), now)


def faded(counted: Counted, *, now: datetime) -> float:
    """Failures as they count now."""
    passed = max(now - counted.changed_at, timedelta(0)) / HALF_LIFE
    return float(counted.failures * 0.5**passed)


async def take(
    database: Database, buckets: Collection[Bucket], *, now: datetime, soft: Collection[Kind] = ()
) -> timedelta:
    """
    Count a try, before it is known whether it fails: a thousand at once are a thousand.

    Args:
        soft: kinds that may be passed by although they are blocked, by what the caller asks for besides.

    Returns:
        How long a soft bucket is blocked still; nothing when none is.

    Raises:
        Throttled: a bucket is blocked; the try is not counted, so that asking early costs nothing.
    """
    async with database.unit_of_work(Scope(INSTALLATION, "")) as unit:
        held = await _held(unit, buckets)
        waits = {one.kind: max(held[one.id].blocked_until - now, timedelta(0)) for one in buckets}
        hard = max((wait for kind, wait in waits.items() if kind not in soft), default=timedelta(0))
        if hard > timedelta(0):
            raise Throttled(hard)
        changed = {one.id: counted_on(held[one.id], one.kind, now=now) for one in buckets}
        await rows.write_buckets(unit, changed)
    return max((wait for kind, wait in waits.items() if kind in soft), default=timedelta(0))


async def give_back(unit: Unit, buckets: Collection[Bucket]) -> None:
    """The try was none of an attacker: take it off again. Who may wait still waits."""
    held = await _held(unit, buckets)
    await rows.write_buckets(
        unit, {key: one._replace(failures=max(one.failures - 1, 0.0)) for key, one in held.items()}
    )


async def settle(unit: Unit, buckets: Collection[Bucket], *, clearing: Collection[Kind]) -> None:
    """
    The try was right: forget what was counted for some kinds, and take it off the others.

    All are locked before either: a try at the same moment locks them in one order, and would otherwise hold one that
    this needs while it waits for one that this holds.
    """
    await _held(unit, buckets)
    await clear(unit, [one for one in buckets if one.kind in clearing])
    await give_back(unit, [one for one in buckets if one.kind not in clearing])


async def clear(unit: Unit, buckets: Collection[Bucket]) -> None:
    """Forget what was counted: the person has shown who they are."""
    await rows.delete_buckets(unit, [one.id for one in buckets])


async def _held(unit: Unit, buckets: Collection[Bucket]) -> Mapping[UUID, Counted]:
    return await rows.lock_buckets(unit, [one.id for one in buckets], fresh=_FRESH)
