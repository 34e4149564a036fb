"""A forgotten password, where a channel can send the link: the answer is the same for every address."""

from datetime import datetime

import structlog

from alertwhisperer.domain.company import INSTALLATION, Scope
from alertwhisperer.domain.errors import AlertWhispererError
from alertwhisperer.guard.sign_in import throttle
from alertwhisperer.guard.sign_in.entrance import Entrance
from alertwhisperer.guard.sign_in.failures import ACTOR
from alertwhisperer.guard.sign_in.links import make_link
from alertwhisperer.guard.sign_in.throttle import Kind
from alertwhisperer.guard.vault import Vault
from alertwhisperer.store import users
from alertwhisperer.store.database import Database

_log = structlog.get_logger("sign_in")


async def count_asking(database: Database, vault: Vault, email: str, *, ip: str, now: datetime) -> None:
    """
    Count that somebody asks for a link.

    Raises:
        Throttled: too many asked, for this address or from this network.
    """
    counted = (
        throttle.bucket(vault, Kind.PAIR, "forgotten", email.strip().lower()),
        throttle.bucket(vault, Kind.NETWORK, "forgotten", throttle.network_of(ip)),
    )
    await throttle.take(database, counted, now=now)


async def send_link(
    database: Database, vault: Vault, entrance: Entrance, public_url: str, email: str, *, ip: str, now: datetime
) -> None:
    """
    Send a person a link by which they set a password, if there is such a person and a channel that can.

    For after the answer: what goes wrong is logged, since nobody is there to be told.
    """
    if entrance.deliver_link is None:
        return
    try:
        async with database.unit_of_work(Scope(INSTALLATION, ACTOR, ip=ip)) as unit:
            user = await users.by_email(unit, email.strip().lower())
            if user is None:
                return
            made = await make_link(unit, vault, user, "reset", now=now)
        await entrance.deliver_link(user, public_url + made.path)
    except AlertWhispererError as failure:
        _log.warning("forgotten.not_sent", why=str(failure))
