"""The kinds of things that people hold, in the order in which leaving goes through them: the list is at the end."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from alertwhisperer.domain.audit import AuditAction, Resource
from alertwhisperer.domain.company import CompanyId
from alertwhisperer.domain.company_setting import Origin
from alertwhisperer.guard.approvals.voiding import open_requests_of, void_requests_of
from alertwhisperer.guard.company_settings import refresh, write_exceptions
from alertwhisperer.guard.holding import Holding, Leaving
from alertwhisperer.guard.sign_in import sessions as signed_in
from alertwhisperer.store import (
    acts,
    audit,
    company_settings,
    handovers,
    identity,
    offboarding,
    on_call,
    push,
    sessions,
    sign_in,
    users,
)

SENIOR_TECHNICIAN = "senior_technician"
_MOST_SESSIONS = 1_000
_MOST_DEVICES = 1_000
_MOST_CALENDARS = 1_000


class Sessions:
    """Where the person is signed in."""

    kind, fate = "sessions", "ended"

    async def count(self, leaving: Leaving) -> int:
        """Live ones."""
        live = await sessions.live_of(leaving.unit, leaving.user.id, now=leaving.now, limit=_MOST_SESSIONS)
        return len(live)

    async def let_go(self, leaving: Leaving) -> int:
        """The next request by any of them is refused."""
        return len(await signed_in.end_all(leaving.unit, leaving.user.id, why="offboarded", now=leaving.now))


class Tokens:
    """Bearer tokens of the API."""

    kind, fate = "tokens", "ended"

    async def count(self, leaving: Leaving) -> int:
        """Live ones."""
        return await users.count_tokens(leaving.unit, leaving.user.id, now=leaving.now)

    async def let_go(self, leaving: Leaving) -> int:
        """The next request by any of them is refused; each has its entry, since each may be in a script somewhere."""
        live = await users.count_tokens(leaving.unit, leaving.user.id, now=leaving.now)
        for token_id in await users.revoke_tokens(leaving.unit, leaving.user.id, now=leaving.now):
            await audit.write(
                leaving.unit,
                AuditAction.TOKEN_REVOKED,
                Resource("token", str(token_id)),
                {"user_id": str(leaving.user.id)},
                about=leaving.user.id,
                now=leaving.now,
                reason="offboarded",
            )
        return live


class WaysIn:
    """The password with its links, and the second factor with its recovery codes."""

    kind, fate = "passwords and second factors", "removed"

    async def count(self, leaving: Leaving) -> int:
        """One for each that is there."""
        known = await sign_in.credentials_of(leaving.unit, leaving.user.id)
        return 0 if known is None else (known.password is not None) + known.has_second_factor

    async def let_go(self, leaving: Leaving) -> int:
        """Whoever knows them can do nothing with them."""
        found = await self.count(leaving)
        await sign_in.delete_password(leaving.unit, leaving.user.id)
        await sign_in.delete_factor(leaving.unit, leaving.user.id)
        await sign_in.void_links(leaving.unit, leaving.user.id, now=leaving.now)
        return found


class Identities:
    """That the person is somebody at an identity provider."""

    kind, fate = "identities", "unlinked"

    async def count(self, leaving: Leaving) -> int:
        """One for each provider."""
        return len(await identity.of_user(leaving.unit, leaving.user.id))

    async def let_go(self, leaving: Leaving) -> int:
        """Signing in there leads to nobody here."""
        return len(await identity.unlink_all(leaving.unit, leaving.user.id))


class Devices:
    """Devices that tell the person of incidents."""

    kind, fate = "devices that tell of incidents", "switched off"

    async def count(self, leaving: Leaving) -> int:
        """All that are switched on."""
        return len(await push.of_user(leaving.unit, leaving.user.id, limit=_MOST_DEVICES))

    async def let_go(self, leaving: Leaving) -> int:
        """Nothing is sent to them any more, what waits included."""
        return len(await push.remove_all(leaving.unit, leaving.user.id))


class Calendars:
    """Secret addresses by which calendar programs read on-call times in the person's name."""

    kind, fate = "calendar addresses", "ended"

    async def count(self, leaving: Leaving) -> int:
        """Live ones."""
        return len(await on_call.feeds_of(leaving.unit, leaving.user.id, limit=_MOST_CALENDARS))

    async def let_go(self, leaving: Leaving) -> int:
        """None of them leads anywhere any more."""
        return len(await on_call.revoke_feeds(leaving.unit, leaving.user.id, now=leaving.now))


class Turns:
    """Schedules in which the person takes turns on call."""

    kind, fate = "on-call schedules with turns", "left as gaps until somebody changes them"

    async def count(self, leaving: Leaving) -> int:
        """Those in which they are named now."""
        return await on_call.count_turns(leaving.unit, leaving.companies, leaving.user.id)

    async def let_go(self, leaving: Leaving) -> int:
        """They are called no more from now on; the gaps are shown on the page of who is on call."""
        return await self.count(leaving)


class Requests:
    """What the person asked approval for."""

    kind, fate = "open approvals asked for", "voided"

    async def count(self, leaving: Leaving) -> int:
        """Those that still wait, or wait to be started."""
        return await open_requests_of(leaving.unit, leaving.companies, leaving.user.id)

    async def let_go(self, leaving: Leaving) -> int:
        """None of them starts any more."""
        return await void_requests_of(leaving.unit, leaving.companies, leaving.user.id, now=leaving.now)


class Offers:
    """Incidents that the person offers to somebody, or that somebody offers to them."""

    kind, fate = "offers to hand over", "withdrawn"

    async def count(self, leaving: Leaving) -> int:
        """Those that wait."""
        return await handovers.count_waiting(leaving.unit, leaving.user.id)

    async def let_go(self, leaving: Leaving) -> int:
        """None of them can be accepted any more."""
        found = await handovers.withdraw_of(leaving.unit, leaving.user.id, now=leaving.now)
        for handover_id in found:
            resource, withdrawn = Resource("handover", str(handover_id)), AuditAction.HANDOVER_WITHDRAWN
            await audit.write(leaving.unit, withdrawn, resource, {}, now=leaving.now, reason="offboarded")
        return len(found)


class Incidents:
    """Open incidents that the person works on."""

    kind, fate = "open incidents", "handed over"

    async def count(self, leaving: Leaving) -> int:
        """In all companies."""
        return _total(await self._found(leaving))

    async def let_go(self, leaving: Leaving) -> int:
        """To the heir who serves the company, or to nobody; an act on the incident's timeline as any other."""
        found = await self._found(leaving)
        for company_id, incidents in found.items():
            unit, heir = leaving.at(company_id), leaving.heir_in(company_id)
            await acts.hold(unit, incidents)
            for incident_id in incidents:
                facts: dict[str, object] = {"assignee": heir}
                resource = Resource("incident", str(incident_id))
                await acts.assign(unit, incident_id, heir)
                await acts.note(unit, "assign", incident_id, facts, now=leaving.now)
                await audit.write(
                    unit,
                    AuditAction.INCIDENT_ASSIGNED,
                    resource,
                    facts,
                    incident_id=incident_id,
                    now=leaving.now,
                    reason="offboarded",
                )
        return _total(found)

    async def _found(self, leaving: Leaving) -> Mapping[CompanyId, Sequence[UUID]]:
        return await offboarding.incidents_of(leaving.unit.connection, leaving.companies, leaving.user.email)


class Assets:
    """Assets whose owner the person is."""

    kind, fate = "assets", "handed over"

    async def count(self, leaving: Leaving) -> int:
        """In all companies."""
        return _total(await self._found(leaving))

    async def let_go(self, leaving: Leaving) -> int:
        """To the heir who serves the company, or to nobody."""
        found = await self._found(leaving)
        for company_id, assets in found.items():
            unit, heir = leaving.at(company_id), leaving.heir_in(company_id) or ""
            await offboarding.set_owner(unit, assets, heir)
            for asset_id in assets:
                detail = {"owner": [leaving.user.email, heir]}
                resource = Resource("asset", str(asset_id))
                await audit.write(
                    unit, AuditAction.ASSET_CHANGED, resource, detail, now=leaving.now, reason="offboarded"
                )
        return _total(found)

    async def _found(self, leaving: Leaving) -> Mapping[CompanyId, Sequence[UUID]]:
        return await offboarding.assets_of(leaving.unit.connection, leaving.companies, leaving.user.email)


class SeniorPosts:
    """Levels (all, a group, a company) where the person is named the senior technician."""

    kind, fate = "posts of senior technician", "handed over"

    async def count(self, leaving: Leaving) -> int:
        """At every level."""
        return len(await self._owners(leaving)) + len(await self._exceptions(leaving))

    async def let_go(self, leaving: Leaving) -> int:
        """To the heir, at a company only if they serve it; else the post is vacant."""
        owners, exceptions = await self._owners(leaving), await self._exceptions(leaving)
        heir = None if leaving.heir is None else leaving.heir.email
        for owner in owners:
            if heir is None:
                await company_settings.drop_inherited(leaving.unit, owner, SENIOR_TECHNICIAN)
            else:
                await company_settings.put_inherited(leaving.unit, owner, SENIOR_TECHNICIAN, heir, now=leaving.now)
            resource = Resource("setting", "msp" if owner == UUID(int=0) else str(owner))
            await self._tell(leaving, leaving.unit.company_id, resource, heir)
        for company_id in exceptions:
            post = leaving.heir_in(company_id)
            await write_exceptions(leaving.at(company_id), {SENIOR_TECHNICIAN: post}, now=leaving.now)
            await self._tell(leaving, company_id, Resource("setting", str(company_id)), post)
        if owners or exceptions:
            await refresh(leaving.unit, leaving.companies)
        return len(owners) + len(exceptions)

    async def _tell(self, leaving: Leaving, company_id: CompanyId, resource: Resource, heir: str | None) -> None:
        detail = {SENIOR_TECHNICIAN: [leaving.user.email, heir]}
        await audit.write(
            leaving.at(company_id),
            AuditAction.SETTINGS_CHANGED,
            resource,
            detail,
            now=leaving.now,
            reason="offboarded",
        )

    async def _owners(self, leaving: Leaving) -> list[UUID]:
        levels = await company_settings.inherited(leaving.unit)
        return [
            owner
            for owner, values in levels.items()
            if SENIOR_TECHNICIAN in values and values[SENIOR_TECHNICIAN].value == leaving.user.email
        ]

    async def _exceptions(self, leaving: Leaving) -> list[CompanyId]:
        held = await company_settings.among(leaving.unit.connection, leaving.companies)
        return [
            company_id
            for company_id, values in held.items()
            if (one := values.get(SENIOR_TECHNICIAN)) is not None
            and one.origin is Origin.COMPANY
            and one.value == leaving.user.email
        ]


def _total(found: Mapping[CompanyId, Sequence[UUID]]) -> int:
    return sum(len(one) for one in found.values())


HOLDINGS: tuple[Holding, ...] = (
    Sessions(),
    Tokens(),
    WaysIn(),
    Identities(),
    Devices(),
    Calendars(),
    Turns(),
    Requests(),
    Offers(),
    Incidents(),
    Assets(),
    SeniorPosts(),
)
"""Every kind; whoever adds one that people hold adds it here."""
