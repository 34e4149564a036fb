"""How this installation lets people in, as its settings say; and what the clock does for it."""

from datetime import timedelta

from alertwhisperer.app.build import House
from alertwhisperer.app.settings import Settings
from alertwhisperer.domain.company import INSTALLATION, Scope
from alertwhisperer.domain.session import SessionLimits
from alertwhisperer.guard.sign_in import failures, throttle
from alertwhisperer.guard.sign_in.entrance import ADMINS, EVERYBODY, NOBODY, Entrance
from alertwhisperer.guard.sign_in.passwords import Passwords
from alertwhisperer.store import sessions, sign_in

TELL_S = 60.0
FORGET_S = 3600.0
_KEPT = timedelta(days=30)  # what is over, so that a person can be told of it

_ROLES = {"none": NOBODY, "admins": ADMINS, "all": EVERYBODY}


def entrance_of(settings: Settings) -> Entrance:
    """The entrance that the settings describe."""
    return Entrance(
        passwords=Passwords(memory_mib=settings.password_memory_mib, passes=settings.password_passes),
        limits=SessionLimits(
            idle=timedelta(hours=settings.session_idle_hours), most=timedelta(days=settings.session_days)
        ),
        second_factor_for=_ROLES[settings.second_factor_for],
    )


class Doorkeeper:
    """What signing in needs done by the clock, in any of the processes."""

    def __init__(self, house: House) -> None:
        self._house = house

    async def tell(self) -> None:
        """Enter failed tries into the audit log whose minute is over."""
        await failures.tell_untold(self._house.database, now=self._house.clock.now())

    async def forget(self) -> None:
        """Take away sessions, links and counts that mean nothing any more."""
        now = self._house.clock.now()
        async with self._house.database.unit_of_work(Scope(INSTALLATION, "timer")) as unit:
            await sessions.forget(unit, before=now - _KEPT)
            await sign_in.forget(unit, links_before=now - _KEPT, buckets_before=now - throttle.FORGOTTEN_AFTER)
