"""Identity providers in a running server: the guarded way to them, their buttons, and the looks between sign-ins."""

from collections.abc import Sequence

from alertwhisperer.api.desk import WayIn
from alertwhisperer.api.html.identity import path_of
from alertwhisperer.app.build import House
from alertwhisperer.app.outbound import Outbound
from alertwhisperer.app.settings import Settings
from alertwhisperer.guard.identity import providers
from alertwhisperer.guard.identity.checks import check_due
from alertwhisperer.guard.identity.exchange import Call, Exchange, Reply
from alertwhisperer.guard.identity.issuers import Issuers
from alertwhisperer.sources.contract import Asked

CHECK_S = 15.0
CALL_S = 10.0
"""A person waits for it."""

_AT_ONCE = 50  # looks before other duties get their turn


def issuers_of(house: House) -> Issuers:
    """What this process knows of issuers, and asks them by."""
    return Issuers(exchange_of(house.settings), house.clock)


def exchange_of(settings: Settings, *, call_s: float = CALL_S) -> Exchange:
    """
    Calls to providers by the guarded way outside: no address that the operator did not allow, no redirects.

    Args:
        call_s: the longest that one may take.
    """
    outbound = Outbound(
        networks=settings.outbound_networks,
        resolve=dict(settings.outbound_resolve),
        ca_file=settings.outbound_ca_file,
        call_s=call_s,
    )

    async def exchange(call: Call) -> Reply:
        answered = await outbound.call(Asked(call.url, call.method, call.headers, call.body))
        return Reply(answered.status, answered.body)

    return exchange


class Identities:
    """
    What identity providers need of one process.

    Args:
        issuers: the same that the doors ask.
    """

    def __init__(self, house: House, issuers: Issuers) -> None:
        self._house = house
        self._issuers = issuers

    async def ways_in(self) -> Sequence[WayIn]:
        """A button for each provider that is on."""
        found = await providers.list_providers(self._house.database)
        return [WayIn(one.title, path_of(one.slug)) for one in found if one.is_on]

    async def check(self) -> None:
        """Look again at people whose time has come."""
        house = self._house
        for _ in range(_AT_ONCE):
            if not await check_due(house.database, house.vault, self._issuers, now=house.clock.now()):
                return
