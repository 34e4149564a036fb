"""Links between people and subjects of providers: made and taken away by the person, or by an administrator."""

from datetime import datetime
from uuid import UUID

from alertwhisperer.domain.audit import AuditAction, Resource
from alertwhisperer.domain.company import INSTALLATION, Scope
from alertwhisperer.domain.errors import Conflicting, Invalid, NotFound
from alertwhisperer.domain.identity import Identity, NotLetIn, Proven, Provider, Refusal
from alertwhisperer.guard import people
from alertwhisperer.guard.identity import admit
from alertwhisperer.guard.identity.ending import end_sessions
from alertwhisperer.guard.identity.flow import Attempt
from alertwhisperer.guard.identity.providers import provider_of
from alertwhisperer.guard.sign_in.sessions import SignedIn
from alertwhisperer.guard.vault import Vault
from alertwhisperer.store import audit, sign_in
from alertwhisperer.store import identity as rows
from alertwhisperer.store.database import Database

_LONGEST = 511


async def link_self(
    database: Database,
    vault: Vault,
    by: Scope,
    provider: Provider,
    proven: Proven,
    attempt: Attempt,
    me: SignedIn | None,
    *,
    now: datetime,
) -> Identity:
    """
    Link what a provider has just proven to the person who went there from their own account.

    Raises:
        NotLetIn: this browser is not the session that began it, or the subject is somebody's already.
    """
    if me is None or me.user.id != attempt.link_to or me.session.id != attempt.session:
        raise NotLetIn(Refusal.NOT_BEGUN)
    async with database.unit_of_work(by.at(INSTALLATION)) as unit:
        identity = await admit.link(unit, provider, proven, me.user.id, how="oneself", now=now)
        await admit.keep(unit, vault, provider, identity, proven, now=now)
    return identity


async def link_user(database: Database, by: Scope, email: str, slug: str, subject: str, *, now: datetime) -> Identity:
    """
    Link a person to a subject that an administrator knows.

    Args:
        subject: as the provider tells it (`sub`; for Entra `<tenant>/<object id>`).

    Raises:
        NotFound: no such person or provider.
        Invalid: this is no subject.
        Conflicting: the subject is somebody's already, or the person has another one there.
    """
    if not 0 < len(subject) <= _LONGEST or not subject.isprintable():
        raise Invalid("this is no subject", where="subject", mend="copy it from the provider's directory")
    async with database.unit_of_work(by.at(INSTALLATION)) as unit:
        provider = await provider_of(unit, slug)
        user = await people.user_in_unit(unit, email)
        proven = Proven(subject, subject.rpartition("/")[2] if provider.kind == "entra" else subject, "", frozenset())
        try:
            return await admit.link(unit, provider, proven, user.id, how="an administrator", now=now)
        except NotLetIn as failure:
            raise Conflicting(
                "the subject is linked already, or the person is linked to another one there",
                where="subject",
                mend="unlink that one first",
            ) from failure


async def unlink_user(database: Database, by: Scope, email: str, slug: str, *, now: datetime) -> None:
    """
    Take a link away; sessions that the provider opened by it end.

    Raises:
        NotFound: no such person, provider or link.
        Conflicting: one would lock oneself out: there is neither a password nor another provider.
    """
    async with database.unit_of_work(by.at(INSTALLATION)) as unit:
        provider = await provider_of(unit, slug)
        user = await people.user_in_unit(unit, email)
        linked = [found.identity for found in await rows.of_user(unit, user.id)]
        here = [one for one in linked if one.provider_id == provider.id]
        if not here:
            raise NotFound(f"there is no link to {slug}", where="provider", mend="list the person's identities")
        credentials = await sign_in.credentials_of(unit, user.id)
        has_password = credentials is not None and credentials.password is not None
        if by.user_id == user.id and not has_password and len(linked) == 1:
            raise Conflicting(
                "you could not sign in any more", where="provider", mend="set a password first, or ask an administrator"
            )
        for identity in here:
            await end_sessions(unit, provider, subject=identity.subject, why="identity unlinked", now=now)
            await rows.unlink(unit, identity.id)
            await audit.write(
                unit,
                AuditAction.IDENTITY_UNLINKED,
                Resource("user", str(user.id)),
                {"provider": provider.slug, "subject": identity.subject},
                now=now,
                about=user.id,
            )


async def list_links(database: Database, user_id: UUID) -> tuple[tuple[Provider, Identity], ...]:
    """A person's links, each with its provider."""
    async with database.unit_of_work(Scope(INSTALLATION, "")) as unit:
        providers = {one.id: one for one in await rows.providers(unit)}
        return tuple((providers[one.identity.provider_id], one.identity) for one in await rows.of_user(unit, user_id))


async def list_people(
    database: Database, slug: str, *, limit: int = 100, before: UUID | None = None
) -> tuple[Identity, ...]:
    """
    Who is linked by a provider, newest first.

    Raises:
        NotFound: there is no such provider.
    """
    async with database.unit_of_work(Scope(INSTALLATION, "")) as unit:
        provider = await provider_of(unit, slug)
        return await rows.at_provider(unit, provider.id, limit=limit, before=before)
