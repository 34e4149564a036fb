"""Web push: the devices on which a person is told of incidents that nobody took."""

import base64
import binascii
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter
from pydantic import Field

from alertwhisperer.api.access import Caller, allow
from alertwhisperer.api.desk import Desk
from alertwhisperer.api.fields import Asked, Flag, Shown, Text, example
from alertwhisperer.api.problem import responses
from alertwhisperer.domain.errors import Forbidden, Invalid
from alertwhisperer.domain.push import Address, Subscription
from alertwhisperer.domain.severity import Severity
from alertwhisperer.guard.permissions import Action
from alertwhisperer.notify import devices
from alertwhisperer.notify.carrying import Carrier
from alertwhisperer.notify.devices import LONGEST_NAME, Wish
from alertwhisperer.notify.webpush import LONGEST_ENDPOINT

router = APIRouter(prefix="/api/push", tags=["push"])

PushWord = Literal["critical", "high"]

_DEVICE = {
    "id": "0195d3a0-7c1e-7b5a-9f00-3c8d59000000",
    "device": "Phone of Kim",
    "service": "push.example.net",
    "severities": ["critical", "high"],
    "with_text": False,
    "created_at": "2026-03-01T08:00:00Z",
    "last_at": None,
}
_KEY = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"


def _both() -> list[PushWord]:
    return ["critical", "high"]


class KeyShown(Shown):
    """By which push services know this installation."""

    model_config = example({"public_key": _KEY})

    public_key: Annotated[str, Field(description="for `applicationServerKey` of a browser's `subscribe`")]


class DeviceShown(Shown):
    """A device that tells you of incidents."""

    model_config = example(_DEVICE)

    id: UUID
    device: str
    service: Annotated[str, Field(description="host of its push service")]
    severities: list[PushWord]
    with_text: Annotated[bool, Field(description="whether incidents' titles stand on its lock screen")]
    created_at: datetime
    last_at: Annotated[datetime | None, Field(description="when its push service last took something")]


class DevicesShown(Shown):
    """Your devices, oldest first; at most 20."""

    model_config = example({"items": [_DEVICE], "next": None})

    items: list[DeviceShown]
    next: None = None


class Keys(Asked):
    """A browser's keys, in base64url."""

    p256dh: Annotated[Text, Field(max_length=100)]
    auth: Annotated[Text, Field(max_length=100)]


class DeviceAsked(Asked):
    """A browser's `PushSubscription`, and what you want to be told."""

    model_config = example(
        {
            "endpoint": "https://push.example.net/wpush/v2/gAAAAABn",
            "keys": {"p256dh": _KEY, "auth": "BTBZMqHH6r4Tts7J_aSIgg"},
            "device": "Phone of Kim",
            "severities": ["critical", "high"],
            "with_text": False,
        }
    )

    endpoint: Annotated[Text, Field(max_length=LONGEST_ENDPOINT)]
    keys: Keys
    device: Annotated[Text, Field(max_length=LONGEST_NAME, description="how you call it")] = ""
    severities: Annotated[list[PushWord], Field(min_length=1, max_length=2)] = Field(default_factory=_both)
    with_text: Annotated[Flag, Field(description="true: incidents' titles may stand on its lock screen")] = False


class Tried(Shown):
    """What came of a test."""

    model_config = example({"delivered": True, "problem": ""})

    delivered: Annotated[bool, Field(description="whether its push service took it")]
    problem: str


@router.get("/key", summary="The key that a browser subscribes with", responses=responses())
async def read_push_key(caller: Annotated[Caller, allow(Action.PUSH_OWN)]) -> KeyShown:
    return KeyShown(public_key=await _carrier_of(caller.desk).public_key())


@router.get("/subscriptions", summary="Your devices that tell you of incidents", responses=responses())
async def list_devices(caller: Annotated[Caller, allow(Action.PUSH_OWN)]) -> DevicesShown:
    found = await devices.list_devices(caller.desk.database, caller.user.id)
    return DevicesShown(items=[show(one) for one in found])


@router.post(
    "/subscriptions",
    status_code=201,
    summary="Be told on this device; again: as you now wish",
    responses=responses(409),
)
async def switch_on(caller: Annotated[Caller, allow(Action.PUSH_OWN)], body: DeviceAsked) -> DeviceShown:
    # A token may be for less than its person; a device would be told of all that the person serves.
    if caller.signed_in is None:
        raise Forbidden(
            "a device is switched on by whoever is signed in on it", mend="sign in with a browser and do it there"
        )
    address = Address(body.endpoint, _bytes(body.keys.p256dh, "p256dh"), _bytes(body.keys.auth, "auth"))
    wish = Wish(address, body.device, [Severity[word.upper()] for word in body.severities], body.with_text)
    return show(await devices.switch_on(caller.desk.database, caller.desk.vault, caller.by, wish, now=caller.now))


@router.delete(
    "/subscriptions/{device_id}", status_code=204, summary="Be told on this device no more", responses=responses(404)
)
async def switch_off(caller: Annotated[Caller, allow(Action.PUSH_OWN)], device_id: UUID) -> None:
    device = await devices.own_device(caller.desk.database, caller.user.id, device_id)
    await devices.switch_off(caller.desk.database, caller.by, device, now=caller.now)


@router.post(
    "/subscriptions/{device_id}/test", summary="Have something shown on this device now", responses=responses(404)
)
async def try_device(caller: Annotated[Caller, allow(Action.PUSH_OWN)], device_id: UUID) -> Tried:
    device = await devices.own_device(caller.desk.database, caller.user.id, device_id)
    delivered = await _carrier_of(caller.desk).try_device(device)
    return Tried(delivered=delivered.state == "sent", problem=delivered.problem)


def show(device: Subscription) -> DeviceShown:
    """A device as the API shows it; where it is reached is shown to nobody."""
    shown: dict[str, Any] = {
        "id": device.id,
        "device": device.device,
        "service": device.host,
        "severities": [one.word for one in device.severities],
        "with_text": device.with_text,
        "created_at": device.created_at,
        "last_at": device.last_at,
    }
    return DeviceShown(**shown)


def _carrier_of(desk: Desk) -> Carrier:
    return Carrier(desk.database, desk.vault, desk.clock, desk.push_call, desk.contact)


def _bytes(text: str, name: str) -> bytes:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as failure:
        raise Invalid("this is no base64url", where=f"keys.{name}", mend="send what the browser says") from failure
