"""Identity providers as an MSP admin sets them: added, changed, tried, removed; each with its audit entry."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import msgspec

from alertwhisperer.domain.audit import AuditAction, Resource
from alertwhisperer.domain.company import INSTALLATION, Scope
from alertwhisperer.domain.errors import Conflicting, Invalid, NotFound
from alertwhisperer.domain.identity import (
    SETTINGS_OF,
    SLUG,
    ClientAuth,
    Kind,
    On,
    Provider,
    ProviderSettings,
)
from alertwhisperer.domain.name import check_name
from alertwhisperer.domain.user import Role
from alertwhisperer.guard.groups import list_groups
from alertwhisperer.guard.identity.ending import end_sessions
from alertwhisperer.guard.identity.issuers import Issuers, Metadata
from alertwhisperer.guard.keys import new_directory_token
from alertwhisperer.guard.vault import Vault
from alertwhisperer.kit.ids import uuid7
from alertwhisperer.store import audit, scim
from alertwhisperer.store import identity as rows
from alertwhisperer.store.database import Database, Unit

LONGEST_SECRET = 2_000
_LONGEST_URL = 500
_NEEDED_SCOPE = "openid"


@dataclass(frozen=True, slots=True)
class NewProvider:
    """
    A provider to add.

    Attributes:
        settings: fields of `ProviderSettings`; what is absent is as the kind has it.
        secret: the client's; empty for a public client.
    """

    slug: str
    title: str
    kind: Kind
    issuer: str
    client_id: str
    client_auth: ClientAuth = ClientAuth.BASIC
    secret: str = field(default="", repr=False)
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ProviderChange:
    """What to change of a provider; None leaves it as it is. The issuer stays: another one is another provider."""

    title: str | None = None
    client_id: str | None = None
    client_auth: ClientAuth | None = None
    secret: str | None = field(default=None, repr=False)
    is_on: bool | None = None
    settings: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Tried:
    """What a provider publishes of itself: that it can be asked, and how many of its keys can be used."""

    metadata: Metadata
    keys: int


async def add_provider(database: Database, vault: Vault, by: Scope, new: NewProvider, *, now: datetime) -> Provider:
    """
    Add a provider. Whom its rules give nothing does not get in, and there are no rules at first unless given.

    Raises:
        Invalid: something of it is of no use; says what.
        Conflicting: the slug is taken, or there are too many.
    """
    if not SLUG.fullmatch(new.slug):
        raise Invalid("this is no slug", where="slug", mend="use up to 40 of a-z, 0-9 and -, such as `okta`")
    settings = settings_from(new.settings, SETTINGS_OF[new.kind])
    await _check_targets(database, settings)
    provider = Provider(
        id=uuid7(now),
        slug=new.slug,
        title=check_name(new.title),
        kind=new.kind,
        issuer=check_issuer(new.issuer),
        client_id=_client_id(new.client_id),
        client_auth=new.client_auth,
        is_on=True,
        settings=settings,
        version=1,
        created_at=now,
    )
    provider = _with_secret(vault, provider, new.secret)
    async with database.unit_of_work(by.at(INSTALLATION)) as unit:
        await _check_passwords(unit, settings)
        if len(await rows.providers(unit)) >= rows.MOST_PROVIDERS:
            raise Conflicting(f"there are {rows.MOST_PROVIDERS} providers", mend="remove one that is not used")
        if not await rows.insert_provider(unit, provider):
            raise Conflicting(f"{new.slug} is taken", where="slug", mend="choose another slug")
        await audit.write(
            unit,
            AuditAction.IDENTITY_PROVIDER_ADDED,
            Resource("identity_provider", str(provider.id)),
            shown(provider),
            now=now,
        )
    return provider


async def list_providers(database: Database) -> tuple[Provider, ...]:
    """All providers in the order of their slugs."""
    async with database.unit_of_work(Scope(INSTALLATION, "")) as unit:
        return await rows.providers(unit)


async def get_provider(database: Database, slug: str) -> Provider:
    """
    One provider.

    Raises:
        NotFound: there is none of this slug.
    """
    async with database.unit_of_work(Scope(INSTALLATION, "")) as unit:
        return await provider_of(unit, slug)


async def change_provider(
    database: Database, vault: Vault, by: Scope, slug: str, change: ProviderChange, *, now: datetime
) -> Provider:
    """
    Change a provider; people feel it at their next sign-in, and sessions that are open go on.

    Raises:
        NotFound, Invalid: no such provider; something of the change is of no use.
        Conflicting: passwords would be forbidden while nobody is named whose password always works.
    """
    async with database.unit_of_work(Scope(INSTALLATION, "")) as unit:
        settings = settings_from(change.settings or {}, (await provider_of(unit, slug)).settings)
    await _check_targets(database, settings)
    async with database.unit_of_work(by.at(INSTALLATION)) as unit:
        before = await provider_of(unit, slug)
        await rows.lock_provider(unit, before.id)
        before = await provider_of(unit, slug)
        after = replace(
            before,
            title=before.title if change.title is None else check_name(change.title),
            client_id=before.client_id if change.client_id is None else _client_id(change.client_id),
            client_auth=change.client_auth or before.client_auth,
            is_on=before.is_on if change.is_on is None else change.is_on,
            settings=settings_from(change.settings or {}, before.settings),
            version=before.version + 1,
        )
        if change.secret is not None or (after.client_auth is ClientAuth.NONE) != (before.secret is None):
            after = _with_secret(vault, after, change.secret or "")
        await _check_passwords(unit, after.settings)
        await rows.update_provider(unit, after)
        await audit.write(
            unit,
            AuditAction.IDENTITY_PROVIDER_CHANGED,
            Resource("identity_provider", str(after.id)),
            _difference(before, after),
            now=now,
        )
    return after


async def remove_provider(database: Database, by: Scope, slug: str, *, now: datetime) -> int:
    """
    Remove a provider: sessions that it opened end, links to it and what its directory wrote are gone.

    People stay, with their roles; who has no password needs a link to set one.

    Returns:
        How many people were linked by it.

    Raises:
        NotFound: there is none of this slug.
    """
    async with database.unit_of_work(by.at(INSTALLATION)) as unit:
        provider = await provider_of(unit, slug)
        await rows.lock_provider(unit, provider.id)
        linked = 0
        while people := await rows.at_provider(unit, provider.id, limit=500):
            for identity in people:
                await end_sessions(unit, provider, subject=identity.subject, why="identity provider removed", now=now)
                await rows.unlink(unit, identity.id)
            linked += len(people)
        await scim.forget_all(unit, provider.id)
        await rows.remove_provider(unit, provider.id, now=now)
        await audit.write(
            unit,
            AuditAction.IDENTITY_PROVIDER_REMOVED,
            Resource("identity_provider", str(provider.id)),
            {"slug": provider.slug, "linked": linked},
            now=now,
        )
    return linked


async def try_provider(database: Database, issuers: Issuers, slug: str) -> Tried:
    """
    Ask a provider what it publishes, as a sign-in would.

    Raises:
        NotFound: there is none of this slug.
        Temporary, Invalid: it does not answer, or not as it should; says what is wrong.
    """
    provider = await get_provider(database, slug)
    metadata, keys = await issuers.read_now(provider.issuer)
    if not keys:
        raise Invalid(
            "none of its keys can be used", where="jwks_uri", mend="it must sign by RS256, PS256, ES256 or EdDSA"
        )
    return Tried(metadata, len(keys))


async def make_directory_token(database: Database, vault: Vault, by: Scope, slug: str, *, now: datetime) -> str:
    """
    A token by which the provider's directory writes here (SCIM), in place of any older one; readable this once.

    Raises:
        NotFound: there is no such provider.
    """
    token = new_directory_token()
    await _set_directory_token(database, by, slug, vault.hash(token), AuditAction.DIRECTORY_TOKEN_MADE, now=now)
    return token


async def end_directory_token(database: Database, by: Scope, slug: str, *, now: datetime) -> None:
    """The provider's directory may not write here any more; raises `NotFound`."""
    await _set_directory_token(database, by, slug, None, AuditAction.DIRECTORY_TOKEN_ENDED, now=now)


async def provider_of(unit: Unit, slug: str) -> Provider:
    """The provider of this slug; raises `NotFound`."""
    provider = await rows.provider_by_slug(unit, slug)
    if provider is None:
        raise NotFound(f"there is no identity provider {slug[:40]!r}", where="slug", mend="list the providers")
    return provider


def client_secret(vault: Vault, provider: Provider) -> str:
    """The client's secret; empty for a public client."""
    return "" if provider.secret is None else vault.open(provider.secret, secret_context(provider.id)).decode()


def secret_context(provider_id: UUID) -> str:
    """The vault's context of a client's secret (`identity_provider.secret`)."""
    return f"identity-provider/{provider_id}/secret"


def shown(provider: Provider) -> dict[str, Any]:
    """What may be shown of a provider: everything but its secrets."""
    return {
        "slug": provider.slug,
        "title": provider.title,
        "kind": provider.kind.value,
        "issuer": provider.issuer,
        "client_id": provider.client_id,
        "client_auth": provider.client_auth.value,
        "is_on": provider.is_on,
        "settings": msgspec.to_builtins(provider.settings),
    }


def settings_from(given: Mapping[str, Any], base: ProviderSettings) -> ProviderSettings:
    """
    Settings with some fields given over others.

    Raises:
        Invalid: a field is unknown or of no use; says which.
    """
    try:
        settings = msgspec.convert({**msgspec.to_builtins(base), **given}, ProviderSettings)
    except msgspec.ValidationError as failure:
        raise Invalid(str(failure), where="settings", mend="docs/sign-in.md has every setting") from failure
    if _NEEDED_SCOPE not in settings.scopes or any(set(' \t\r\n"\\') & set(one) for one in settings.scopes):
        raise Invalid("the scopes need `openid`, each a word", where="settings.scopes", mend="openid, email, profile")
    for rule in settings.rules:
        if rule.role is Role.MSP_ADMIN and rule.companies:
            raise Invalid(
                "an MSP admin sees all companies, or those of groups",
                where="settings.rules",
                mend="name company_groups, or another role",
            )
        if rule.on is On.PERSON and "@" not in rule.value:
            raise Invalid(f"{rule.value!r} is no e-mail", where="settings.rules", mend="write name@example.org")
    return settings


def check_issuer(issuer: str) -> str:
    """
    An issuer's name as discovery can find it.

    Raises:
        Invalid: it is no https address (or http, where the operator allows the network), or has a query.
    """
    try:
        parts = urlsplit(issuer)
        right = parts.scheme in ("https", "http") and bool(parts.hostname) and "@" not in parts.netloc
    except ValueError:
        right = False
    if not right or "?" in issuer or "#" in issuer or len(issuer) > _LONGEST_URL or not issuer.isascii():
        raise Invalid("this is no issuer", where="issuer", mend="write it as https://login.example.org/tenant")
    if "{" in issuer or "/common/" in f"{issuer}/" or "/organizations/" in f"{issuer}/":
        raise Invalid(
            "this issuer stands for every tenant there is", where="issuer", mend="name your own tenant's id in it"
        )
    return issuer


async def _set_directory_token(
    database: Database, by: Scope, slug: str, scim_hash: UUID | None, action: AuditAction, *, now: datetime
) -> None:
    async with database.unit_of_work(by.at(INSTALLATION)) as unit:
        provider = await provider_of(unit, slug)
        await rows.set_scim_hash(unit, provider.id, scim_hash)
        await audit.write(unit, action, Resource("identity_provider", str(provider.id)), {"slug": slug}, now=now)


async def _check_targets(database: Database, settings: ProviderSettings) -> None:
    """Raise `Invalid` when a rule names a company or group that is not there."""
    companies = {company for rule in settings.rules for company in rule.companies}
    groups = {group for rule in settings.rules for group in rule.company_groups}
    _refuse_absent("company", companies - set(await database.company_ids()) if companies else ())
    _refuse_absent("group", groups - {one.id for one in await list_groups(database)} if groups else ())


def _refuse_absent(noun: str, absent: Collection[UUID]) -> None:
    for one in sorted(absent):
        raise Invalid(f"there is no {noun} {one}", where="settings.rules", mend=f"list the {noun} ids")


async def _check_passwords(unit: Unit, settings: ProviderSettings) -> None:
    """Raise `Conflicting` when passwords would be forbidden while nobody is named whose password always works."""
    if not settings.local_passwords and await rows.break_glass(unit) is None:
        raise Conflicting(
            "passwords cannot be forbidden while nobody is left to get in when the provider is down",
            where="settings.local_passwords",
            mend="name an MSP admin first: alertwhisperer identity break-glass EMAIL",
        )


def _with_secret(vault: Vault, provider: Provider, secret: str) -> Provider:
    if len(secret) > LONGEST_SECRET or not secret.isprintable():
        raise Invalid("this is no client secret", where="secret", mend="copy it from the provider")
    if (provider.client_auth is ClientAuth.NONE) == bool(secret):
        raise Invalid(
            "a client has a secret, unless it is a public one (client_auth `none`)",
            where="secret",
            mend="give the secret, or choose client_auth none",
        )
    sealed = vault.seal(secret.encode(), secret_context(provider.id)) if secret else None
    return replace(provider, secret=sealed)


def _client_id(text: str) -> str:
    if not text or len(text) > 255 or not text.isprintable() or not text.isascii():
        raise Invalid("this is no client id", where="client_id", mend="copy it from the provider")
    return text


def _difference(before: Provider, after: Provider) -> dict[str, Any]:
    """Each changed field as before and after; of a secret only that it was replaced."""
    old, new = shown(before), shown(after)
    old |= {f"settings.{name}": value for name, value in old.pop("settings").items()}
    new |= {f"settings.{name}": value for name, value in new.pop("settings").items()}
    changed: dict[str, Any] = {name: [old[name], new[name]] for name in new if old[name] != new[name]}
    return changed | ({"secret": "replaced"} if before.secret != after.secret else {})
