"""
The demo's company: made once, found again, with keys and a token for one run of the demo.

Keys are stored hashed, so a run cannot read the old ones: it makes its own and ends them when it is over.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from alertwhisperer.app.build import House
from alertwhisperer.cli.acting import operator
from alertwhisperer.domain.company import INSTALLATION, Company, Scope
from alertwhisperer.domain.errors import Conflicting, NotFound
from alertwhisperer.domain.integration import MOST_LIVE_KEYS, Integration, KeyInfo
from alertwhisperer.domain.rule import Rule
from alertwhisperer.domain.user import Role
from alertwhisperer.guard import companies, keys, people, tokens
from alertwhisperer.ingest import integrations
from alertwhisperer.store import rules

NAME = "Demo"
ADMIN = "admin@example.com"
REQUESTS_PER_MINUTE = 6_000
SETTINGS: Mapping[str, Mapping[str, object]] = {
    "prometheus": {},
    "zabbix": {},
    "datadog": {},
    "cloudwatch": {"raw_delivery": True},  # the demo cannot sign as SNS does
    "generic": {},
}
RULES = (
    Rule(
        id="service",
        name="Same service",
        condition='"service" in labels',
        group_by=("labels.service",),
    ),
)
"""Beside the built-in default (asset and signature), so that correlation is seen working and not dedup alone."""


@dataclass(frozen=True, slots=True)
class Demo:
    """The company with its integrations by source; `token` is the admin's, the one time it is made."""

    company: Company
    integrations: Mapping[str, Integration]
    token: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Pass:
    """What one run of the demo sends and reads with; void when the run is over."""

    api_keys: Mapping[str, str] = field(repr=False)
    token: str = field(repr=False)


async def ensure_demo(house: House) -> Demo:
    """The demo's company; made with its integrations, rule and admin as far as they are not there."""
    company = await _company(house)
    scope = Scope(company.id, operator())
    there = {one.source: one for one in await integrations.list_integrations(house.database, scope)}
    for source, settings in SETTINGS.items():
        if source not in there:
            made = await integrations.add_integration(
                house.database,
                house.vault,
                house.sources,
                scope,
                source=source,
                name=house.sources[source].title,
                settings=settings,
                now=house.clock.now(),
            )
            there[source] = made.integration
    async with house.database.unit_of_work(scope) as unit:
        if (await rules.current(unit)).version == 0:
            await rules.save(unit, RULES, now=house.clock.now())
    return Demo(company, there, await _admin(house))


@asynccontextmanager
async def demo_pass(house: House, demo: Demo) -> AsyncIterator[Pass]:
    """Fresh keys and a token for one run; ended afterwards. A run that was killed leaves its keys: they make room."""
    scope = Scope(demo.company.id, operator())
    made = {source: await _key(house, scope, one) for source, one in demo.integrations.items()}
    token = (await tokens.add_token(house.database, house.vault, _by(), ADMIN, now=house.clock.now())).token
    try:
        yield Pass({source: one.api_key for source, one in made.items()}, token)
    finally:
        for one in made.values():
            await _revoke(house, scope, one.key)
        for info in await tokens.list_tokens(house.database, ADMIN):
            if info.hint == keys.hint(token) and info.revoked_at is None:
                await tokens.revoke_token(house.database, _by(), info.id, now=house.clock.now())


async def _company(house: House) -> Company:
    found = await companies.list_companies(house.database, await house.database.company_ids(), limit=10_000)
    company = next((one for one in reversed(found) if one.name == NAME), None)
    if company is None:
        company = await companies.add_company(house.database, _by(), NAME, now=house.clock.now())
        company = await companies.set_company(
            house.database,
            Scope(company.id, operator()),
            requests_per_minute=REQUESTS_PER_MINUTE,
            now=house.clock.now(),
        )
    return company


def _by() -> Scope:
    """Whoever types: the demo takes no notice of a token."""
    return Scope(INSTALLATION, operator())


async def _admin(house: House) -> str | None:
    """A token of the admin when the admin is new; None when there is one already."""
    try:
        await people.add_user(house.database, _by(), ADMIN, Role.MSP_ADMIN, (), now=house.clock.now())
    except Conflicting:
        return None
    return (await tokens.add_token(house.database, house.vault, _by(), ADMIN, now=house.clock.now())).token


async def _key(house: House, scope: Scope, integration: Integration) -> integrations.NewKey:
    fresh = await integrations.get_integration(house.database, scope, integration.id)
    if len(fresh.live_keys()) >= MOST_LIVE_KEYS:
        await _revoke(house, scope, fresh.live_keys()[0])
    return await integrations.add_key(house.database, house.vault, scope, integration.id, now=house.clock.now())


async def _revoke(house: House, scope: Scope, key: KeyInfo) -> None:
    try:
        await integrations.revoke_key(house.database, scope, key.id, now=house.clock.now())
    except NotFound:
        pass  # another run of the demo made room
