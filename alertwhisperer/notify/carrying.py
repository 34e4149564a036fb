"""Carries a message to a device by its push service, and says what came of it."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from alertwhisperer.domain.company import INSTALLATION, Scope
from alertwhisperer.domain.errors import Invalid, Permanent, Temporary
from alertwhisperer.domain.push import Subscription
from alertwhisperer.guard.vault import Vault
from alertwhisperer.kit.clock import Clock
from alertwhisperer.notify import devices, webpush
from alertwhisperer.sources.contract import Answered, Asked
from alertwhisperer.store.database import Database
from alertwhisperer.store.push import State

NEWS = timedelta(minutes=30)
"""How long a push service keeps a message for a device that is off; nobody is told of older things."""

Call = Callable[[Asked], Awaitable[Answered]]
"""
One exchange with an address that a browser named.

Raises `Temporary` when nobody answers in time, `Invalid` when the address may not be called.
"""

_GONE = (404, 410)
_LATER = (408, 425, 429)


async def calls_nobody(asked: Asked) -> Answered:
    """Where nothing is called outside."""
    raise Temporary("this process calls nothing outside")


@dataclass(frozen=True, slots=True)
class Delivered:
    """
    What a push service said.

    Attributes:
        state: `sent`; `due`: to be tried again; `failed`: for good.
        gone: there is no such device any more; it was switched off.
        wait: not before this time, as far as it said.
    """

    state: State
    problem: str = ""
    gone: bool = False
    wait: timedelta = timedelta(0)


class Carrier:
    """
    Sends in the installation's name.

    Args:
        contact: whom an operator of a push service may ask: a mailto: or https: address.
    """

    def __init__(self, database: Database, vault: Vault, clock: Clock, call: Call, contact: str) -> None:
        self._database = database
        self._vault = vault
        self._clock = clock
        self._call = call
        self._contact = contact

    async def public_key(self) -> str:
        """By which push services know this installation."""
        return (await self._identity()).public

    async def try_device(self, device: Subscription) -> Delivered:
        """Say something to a device, so that its person sees that it works."""
        said = {"title": "Alert Whisperer", "body": "This device tells you of incidents.", "url": "/incidents"}
        return await self.deliver(device, said, topic="try")

    async def deliver(self, device: Subscription, said: Mapping[str, str], *, topic: str) -> Delivered:
        """
        Send a message once; a device that is gone is switched off.

        Args:
            said: title, body and url for the service worker.
            topic: a later message of the same topic takes the place of one that waits.
        """
        now = self._clock.now()
        try:
            address = devices.address_of(self._vault, device)
            asked = webpush.message(await self._identity(), address, said, topic=topic, lasts=NEWS, now=now)
            delivered = _meaning(await self._call(asked))
        except Temporary as failure:
            return Delivered("due", str(failure))
        except (Invalid, Permanent) as failure:
            return Delivered("failed", str(failure))
        if delivered.gone:
            by = Scope(INSTALLATION, "push")
            await devices.switch_off(self._database, by, device, now=now, why="its push service knows it no more")
        return delivered

    async def _identity(self) -> webpush.Identity:
        return await devices.identity(self._database, self._vault, self._contact, now=self._clock.now())


def _meaning(answered: Answered) -> Delivered:
    """What an answer of a push service means (RFC 8030)."""
    status = answered.status
    if 200 <= status < 300:
        return Delivered("sent")
    problem = f"the push service answered {status}"
    if status in _GONE:
        return Delivered("failed", problem, gone=True)
    if status in _LATER or status >= 500:
        given = answered.headers.get("retry-after", "")
        wait = timedelta(seconds=int(given)) if given.isdecimal() and len(given) <= 6 else timedelta(0)
        return Delivered("due", problem, wait=wait)
    return Delivered("failed", problem)
