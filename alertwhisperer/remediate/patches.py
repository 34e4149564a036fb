"""Patch compliance: asks Systems Manager about every bound instance of a company, and keeps what it said."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from alertwhisperer.domain.company import Scope
from alertwhisperer.domain.reach import Binding, PatchState
from alertwhisperer.executors._aws.patches import patches_of
from alertwhisperer.executors._aws.session import Account, Refused, Unanswered
from alertwhisperer.guard.vault import Vault
from alertwhisperer.kit.clock import Clock
from alertwhisperer.remediate.credentials import open_credential
from alertwhisperer.store import reach
from alertwhisperer.store.database import Database, Unit

FRESH = timedelta(hours=6)
"""How long what was said is good enough."""
FORGET = timedelta(days=2)
"""When what was said of a machine is dropped, because nobody says anything of it any more."""

_PAGE = 500


@dataclass(frozen=True, slots=True)
class Refreshed:
    """What a refresh did; `failures` says in words which accounts did not answer."""

    asked: int
    reporting: int
    failures: tuple[str, ...]


async def refresh(database: Database, vault: Vault, scope: Scope, *, clock: Clock) -> Refreshed | None:
    """Ask about a company's instances, unless somebody did within `FRESH`; None when nothing was to be asked."""
    now = clock.now()
    async with database.unit_of_work(scope) as unit:
        known = await reach.patch_states(unit, limit=_PAGE)
        bound = await _all_bound(unit)
        values = {one: await open_credential(unit, vault, one) for one in {each.credential_id for each in bound}}
    if not bound or any(now - one.asked_at < FRESH for one in known):
        return None
    groups: dict[tuple[UUID, str], list[Binding]] = defaultdict(list)
    for one in bound:
        groups[one.credential_id, one.settings["region"]].append(one)
    states: list[PatchState] = []
    failures: list[str] = []
    for (credential_id, region), members in groups.items():
        role = values[credential_id]
        account = Account(
            clock,
            role_arn=role["role_arn"],
            external_id=role["external_id"],
            region=region,
            session_name="alertwhisperer-patches",
        )
        try:
            await account.enter()
            states += await _states(account, members, clock)
        except (Refused, Unanswered) as failure:
            failures.append(f"{role['role_arn']} in {region}: {failure}")
    async with database.unit_of_work(scope) as unit:
        await reach.put_patch_states(unit, states)
        await reach.drop_patch_states(unit, since=now - FORGET)
    return Refreshed(len(bound), len(states), tuple(failures))


async def list_patch_states(
    database: Database, scope: Scope, *, limit: int = 100, before: UUID | None = None
) -> list[PatchState]:
    """What was last said of machines' patches, the newest assets first, from the one after `before`."""
    async with database.unit_of_work(scope) as unit:
        return await reach.patch_states(unit, limit=limit, before=before)


async def _all_bound(unit: Unit) -> list[Binding]:
    """Bindings to one instance by its id; which one a tag means now is asked when something is run there."""
    found: list[Binding] = []
    before: UUID | None = None
    while page := await reach.bindings(unit, executor="ssm", limit=_PAGE, before=before):
        found += [one for one in page if one.settings.get("instance")]
        before = page[-1].asset_id
    return found


async def _states(account: Account, members: Sequence[Binding], clock: Clock) -> list[PatchState]:
    by_instance = {one.settings["instance"]: one.asset_id for one in members}
    said = await patches_of(account, sorted(by_instance))
    return [
        PatchState(
            by_instance[one.instance],
            one.instance,
            one.installed,
            one.missing,
            one.failed,
            one.critical,
            one.scanned_at,
            clock.now(),
        )
        for one in said
    ]
