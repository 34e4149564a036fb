"""
Devices of people: switched on in a browser by whoever is signed in there, and off by them, or when the device is gone.

Where a device is reached lies sealed; the installation's key pair, by which push services know it, likewise.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import msgspec

from alertwhisperer.domain.audit import AuditAction, Resource
from alertwhisperer.domain.company import INSTALLATION, Scope
from alertwhisperer.domain.errors import Conflicting, NotFound, Temporary
from alertwhisperer.domain.push import KEY_CONTEXT, Address, Subscription, address_context
from alertwhisperer.domain.severity import Severity
from alertwhisperer.guard.vault import Vault
from alertwhisperer.kit.ids import uuid7
from alertwhisperer.notify import webpush
from alertwhisperer.notify.webpush import Identity
from alertwhisperer.store import audit, push, users
from alertwhisperer.store.database import Database, Unit

MOST_DEVICES = 20
LONGEST_NAME = 100


@dataclass(frozen=True, slots=True)
class Wish:
    """
    What a person wants of a device.

    Attributes:
        device: how they call it.
        severities: of incidents that they are told of.
        with_text: whether an incident's title may stand on its lock screen.
    """

    address: Address
    device: str
    severities: Sequence[Severity]
    with_text: bool


async def identity(database: Database, vault: Vault, contact: str, *, now: datetime) -> Identity:
    """The installation's key pair; made by whoever first asks for it."""
    async with database.unit_of_work(Scope(INSTALLATION, "push")) as unit:
        kept = await push.key(unit)
        if kept is None:
            private = webpush.new_private()
            await push.keep_key(unit, vault.seal(private, KEY_CONTEXT), Identity(private, contact).public, now=now)
            kept = await push.key(unit)
        assert kept is not None  # noqa: S101  # whoever was first, there is one now
    return Identity(vault.open(kept[0], KEY_CONTEXT), contact)


async def switch_on(database: Database, vault: Vault, by: Scope, wish: Wish, *, now: datetime) -> Subscription:
    """
    Tell the scope's person on a device from now on, or as they now wish it.

    Raises:
        Invalid: the address is none of a push service.
        Conflicting: the person has 20 devices.
    """
    assert by.user_id is not None  # noqa: S101  # a person asks
    address_hash = vault.hash(f"push/{wish.address.endpoint}")
    device = Subscription(
        id=uuid7(now),
        user_id=by.user_id,
        device=wish.device,
        host=webpush.check(wish.address),
        address_hash=address_hash,
        sealed=vault.seal(msgspec.json.encode(wish.address), address_context(address_hash)),
        severities=tuple(sorted(set(wish.severities), reverse=True)),
        with_text=wish.with_text,
        created_at=now,
    )
    async with database.unit_of_work(by.at(INSTALLATION)) as unit:
        await users.lock(unit, by.user_id)  # so that two at once do not make one too many
        kept = await push.put(unit, device)
        if kept is None:
            raise Temporary("somebody else switched this device on at this instant")
        own = await push.of_user(unit, by.user_id, limit=MOST_DEVICES + 1)
        if len(own) > MOST_DEVICES:
            raise Conflicting(
                f"there are {MOST_DEVICES} devices", where="push", mend="switch one off that is not used any more"
            )
        made = next(one for one in own if one.id == kept)
        detail = {"severities": [one.word for one in made.severities], "with_text": made.with_text}
        await _record(unit, AuditAction.PUSH_DEVICE_SET, made, detail, now=now)
    return made


async def list_devices(database: Database, user_id: UUID) -> tuple[Subscription, ...]:
    """A person's devices, oldest first."""
    async with database.unit_of_work(Scope(INSTALLATION, "")) as unit:
        return await push.of_user(unit, user_id, limit=MOST_DEVICES)


async def own_device(database: Database, user_id: UUID, device_id: UUID) -> Subscription:
    """
    A device of a person.

    Raises:
        NotFound: they have none with this id.
    """
    async with database.unit_of_work(Scope(INSTALLATION, "")) as unit:
        found = await push.by_id(unit, device_id)
    if found is None or found.user_id != user_id:
        raise NotFound(f"there is no device {device_id}", where="path", mend="list your devices")
    return found


async def switch_off(database: Database, by: Scope, device: Subscription, *, now: datetime, why: str = "") -> None:
    """Tell nobody on this device any more."""
    async with database.unit_of_work(by.at(INSTALLATION)) as unit:
        if await push.remove(unit, device.id, user_id=device.user_id):
            await _record(unit, AuditAction.PUSH_DEVICE_REMOVED, device, {}, now=now, why=why)


def address_of(vault: Vault, device: Subscription) -> Address:
    """Where a device is reached."""
    return msgspec.json.decode(vault.open(device.sealed, address_context(device.address_hash)), type=Address)


async def _record(
    unit: Unit, action: AuditAction, device: Subscription, detail: dict[str, object], *, now: datetime, why: str = ""
) -> None:
    resource = Resource("push_device", str(device.id))
    await audit.write(unit, action, resource, detail, now=now, reason=why, about=device.user_id)
