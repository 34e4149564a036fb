"""
Carries entries of the first audit log, which was neither sealed nor chained, into the present one.

Sealing needs the vault, so a migration cannot do it: each start looks whether something is left, and a carried entry is
known by its id. What was carried is then taken from the first log, which nobody writes any more.
"""

from collections.abc import Mapping
from types import MappingProxyType
from uuid import UUID

from alertwhisperer.domain.audit import AuditAction, Resource
from alertwhisperer.domain.company import Scope
from alertwhisperer.guard.audit.search import people_of
from alertwhisperer.store import audit, audit_chain
from alertwhisperer.store.audit_chain import OldEntry
from alertwhisperer.store.database import Connection, Database, Unit, enter

_AT_ONCE = 200

_NAMES: Mapping[str, AuditAction] = MappingProxyType(
    {
        "site.import": AuditAction.SITES_IMPORTED,
        "contact.import": AuditAction.CONTACTS_IMPORTED,
        "asset.import": AuditAction.ASSETS_IMPORTED,
        "asset.connect": AuditAction.ASSET_CONNECTED,
        "asset.disconnect": AuditAction.ASSET_DISCONNECTED,
        "asset.confirm": AuditAction.ASSET_CONFIRMED,
        "asset.alias": AuditAction.ASSET_ALIAS_ADDED,
        "asset.unalias": AuditAction.ASSET_ALIAS_REMOVED,
        "asset.merge": AuditAction.ASSET_MERGED,
        "company.export": AuditAction.COMPANIES_EXPORTED,
        "company.import": AuditAction.COMPANIES_IMPORTED,
        "retention.drop": AuditAction.RETENTION_DROPPED,
        "route.set": AuditAction.ROUTES_CHANGED,
        "integration.restore": AuditAction.INTEGRATION_RESTORED,
        "integration.rotate_secret": AuditAction.SECRET_ROTATED,
        "action.approve": AuditAction.SOURCE_ACTION_APPROVED,
        "rules.saved": AuditAction.RULES_CHANGED,
        "silence.set": AuditAction.SILENCE_CHECK_CHANGED,
        "setting.set": AuditAction.SETTINGS_CHANGED,
        "token.revoke": AuditAction.TOKEN_REVOKED,
        "key.revoke": AuditAction.KEY_REVOKED,
        "feed.poll": AuditAction.FEED_POLLED,
        "feed.pause": AuditAction.FEED_PAUSED,
        "feed.resume": AuditAction.FEED_RESUMED,
        "incident.acknowledge": AuditAction.INCIDENT_ACKNOWLEDGED,
        "incident.assign": AuditAction.INCIDENT_ASSIGNED,
        "incident.comment": AuditAction.INCIDENT_COMMENTED,
        "incident.resolve": AuditAction.INCIDENT_RESOLVED,
        "incident.merge": AuditAction.INCIDENT_MERGED,
        "incident.split": AuditAction.INCIDENT_SPLIT,
        "quarantine.rerun": AuditAction.QUARANTINE_RERUN,
        "quarantine.discarded": AuditAction.QUARANTINE_DISCARDED,
        "quarantine.hand_over": AuditAction.QUARANTINE_HANDED_OVER,
    }
)
_ENDINGS: Mapping[str, str] = MappingProxyType({"add": "added", "set": "changed", "remove": "removed"})


async def carry_over(database: Database) -> int:
    """Carry what is left; gives how many entries were carried."""
    carried = 0
    people = _People(database)
    for company_id in await database.company_ids():
        some = _AT_ONCE
        while some == _AT_ONCE:
            async with database.unit_of_work(Scope(company_id, "upgrade")) as unit:
                if not await audit_chain.hold_carrying(unit):
                    return carried  # another process is at it
                old = await audit_chain.old_entries(unit, limit=_AT_ONCE)
                for entry in old:
                    await _carry(unit, entry, await people.named(entry.actor))
            some = len(old)
            carried += some
    return carried


async def forget_carried(database: Database, owner: Connection) -> int:
    """
    Take what was carried from the first log, so that an erasure reaches all there is; gives how many entries went.

    Args:
        owner: a connection as the database's owner.
    """
    gone = 0
    for company_id in await database.company_ids():
        async with owner.transaction():
            await enter(owner, [company_id])
            gone += await audit_chain.forget_carried(database.unit(owner, Scope(company_id, "upgrade")))
    return gone


class _People:
    """Who an e-mail of the first log is, where that is beyond doubt; so an erasure of theirs reaches the entry."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: dict[str, UUID | None] = {}

    async def named(self, actor: str) -> UUID | None:
        if "@" not in actor or ":" in actor:
            return None
        if actor not in self._known:
            found = await people_of(self._database, actor)
            self._known[actor] = found[0] if len(found) == 1 else None
        return self._known[actor]


async def _carry(unit: Unit, entry: OldEntry, user_id: UUID | None) -> None:
    action = action_of(entry.action)
    known = action is not AuditAction.OLD_ACT
    await audit.write(
        unit.at(Scope(unit.company_id, entry.actor, "", user_id)),
        action,
        _resource(entry),
        entry.detail if known else {**entry.detail, "action": entry.action},
        now=entry.at,
        entry_id=entry.id,
    )


def action_of(name: str) -> AuditAction:
    """The catalogue's action for a name of the first log; `OLD_ACT` where none is like it: no name may stop a start."""
    noun, _, verb = name.partition(".")
    known = _NAMES.get(name)
    if known is not None:
        return known
    try:
        return AuditAction(f"{noun}_{_ENDINGS.get(verb, verb)}")
    except ValueError:
        return AuditAction.OLD_ACT


def _resource(entry: OldEntry) -> Resource:
    kind, slash, identity = entry.subject.partition("/")
    if slash:
        return Resource({"rules": "rule_set"}.get(kind, kind), identity)
    noun = entry.action.partition(".")[0]
    subject = entry.subject
    if "@" in subject:  # people were named by their e-mail, which stays in the sealed detail alone
        subject = str(entry.detail.get("user_id") or entry.detail.get("token_id") or "before the upgrade")
    return Resource(noun, subject)
