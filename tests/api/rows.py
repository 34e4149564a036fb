"""Rows as the pipeline leaves them, so that the API's tests can begin with a story instead of with a webhook."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from alertwhisperer.domain.asset import canonical
from alertwhisperer.domain.company import INSTALLATION, Scope
from alertwhisperer.domain.outcome import Outcome, Reason
from alertwhisperer.domain.push import Address
from alertwhisperer.domain.severity import Severity
from alertwhisperer.guard.vault import Vault
from alertwhisperer.kit.ids import (
    KIND_ALERT,
    KIND_DELIVERY,
    KIND_INCIDENT,
    KIND_OCCURRENCE,
    delivery_id_int,
    member,
    sibling,
    uuid7,
)
from alertwhisperer.notify.devices import Wish, switch_on
from alertwhisperer.store.database import Database, Unit
from tests.vendors.push_service import Browser


@dataclass(frozen=True, slots=True)
class Told:
    """Ids of one delivery of one firing occurrence that began an alert and an incident."""

    delivery_id: UUID
    occurrence_id: UUID
    alert_id: UUID
    incident_id: UUID


async def tell_firing(
    database: Database,
    scope: Scope,
    *,
    at: datetime,
    asset: str = "db-01",
    signature: str = "DiskFull",
    source: str = "prometheus",
    severity: Severity = Severity.CRITICAL,
    repeats: int = 0,
    incident_id: UUID | None = None,
    ended_at: datetime | None = None,
    forming: bool = False,
) -> Told:
    """
    A tool says that something fires (and says it `repeats` times more), and it opens an incident or joins a given one.
    """
    family = UUID(int=member(delivery_id_int(int(at.timestamp() * 1000)), KIND_DELIVERY, 0))
    told = Told(
        delivery_id=family,
        occurrence_id=sibling(family, KIND_OCCURRENCE),
        alert_id=sibling(family, KIND_ALERT),
        incident_id=incident_id or sibling(family, KIND_INCIDENT),
    )
    problem = uuid4()
    async with database.unit_of_work(scope) as unit:
        await _delivery(unit, told, at=at, source=source, problem=problem, opens=incident_id is None)
        await _alert(unit, told, at, problem, asset, signature, source, severity, repeats, ended_at)
        await _incident(unit, told, at, asset, signature, severity, repeats, ended_at, forming, new=incident_id is None)
        await count(unit, at=at, deliveries_accepted=1 + repeats, received=1 + repeats, new=1, repeat=repeats)
    return told


async def add_device(database: Database, vault: Vault, user_id: UUID, *, at: datetime) -> UUID:
    """A person's device, which is told of incidents."""
    browser = Browser()
    address = Address(browser.subscription["endpoint"], browser.point, browser.auth)
    wish = Wish(address, "phone", [Severity.CRITICAL], with_text=False)
    return (await switch_on(database, vault, Scope(INSTALLATION, "test", "", user_id), wish, now=at)).id


async def count(unit: Unit, *, at: datetime, **counters: int) -> None:
    """A row of the ledger; what fires is what is new or repeated, unless said."""
    counters.setdefault("firing", counters.get("new", 0) + counters.get("repeat", 0))
    names = ", ".join(counters)
    values = ", ".join(f"${place}" for place in range(4, 4 + len(counters)))
    await unit.connection.execute(
        f"INSERT INTO ledger_count (company_id, id, at, {names}) VALUES ($1, $2, $3, {values})",  # noqa: S608
        unit.company_id,
        uuid7(at),
        at,
        *counters.values(),
    )


async def add_quarantined(database: Database, scope: Scope, *, at: datetime, body: bytes) -> Told:
    """A delivery that could not be read."""
    family = UUID(int=member(delivery_id_int(int(at.timestamp() * 1000)), KIND_DELIVERY, 0))
    told = Told(family, sibling(family, KIND_OCCURRENCE), sibling(family, KIND_ALERT), sibling(family, KIND_INCIDENT))
    async with database.unit_of_work(scope) as unit:
        await unit.connection.execute(
            "INSERT INTO delivery VALUES ($1, $2, $3, $4, 1, 'prometheus', 1, 1, 2, 1, false, $5, $6)",
            *(unit.company_id, family, uuid4(), at, '{"method":"POST"}', body),
        )
        await unit.connection.execute(
            "INSERT INTO occurrence (company_id, id, integration_id, seq, place, received_at, kind, outcome, reason,"
            " rules_version) VALUES ($1, $2, $3, 1, 0, $4, 3, $5, $6, 0)",
            *(unit.company_id, told.occurrence_id, uuid4(), at, Outcome.QUARANTINED, Reason.QUARANTINED),
        )
        await unit.connection.execute(
            "INSERT INTO quarantine VALUES"
            " ($1, $2, $3, $4, $5, 'not_json', 'the body is not JSON', 'byte 3', 'mend it')",
            *(unit.company_id, told.occurrence_id, family, uuid4(), at),
        )
        await count(unit, at=at, deliveries_accepted=1, received=1, quarantined=1)
    return told


async def _delivery(unit: Unit, told: Told, *, at: datetime, source: str, problem: UUID, opens: bool) -> None:
    reason = Reason.OPENED_FIRST if opens else Reason.JOINED_WINDOW
    await unit.connection.execute(
        "INSERT INTO delivery VALUES ($1, $2, $3, $4, 1, $5, 1, 1, 1, 1, false, NULL, '{}')",
        *(unit.company_id, told.delivery_id, uuid4(), at, source),
    )
    await unit.connection.execute(
        "INSERT INTO occurrence (company_id, id, integration_id, seq, place, received_at, kind, severity, outcome,"
        " reason, problem, rules_version, alert_id, incident_id)"
        " VALUES ($1, $2, $3, 1, 0, $4, 1, 5, $5, $6, $7, 0, $8, $9)",
        *(unit.company_id, told.occurrence_id, uuid4(), at, Outcome.NEW, reason, problem, told.alert_id),
        told.incident_id,
    )
    facts = {"reason": reason, "rule": "default", "key": "db-01|DiskFull", "window_s": 900, "gap_s": 0}
    facts |= {"incident": told.incident_id.hex}
    await unit.connection.execute(
        "INSERT INTO receipt VALUES ($1, $2, $3)", unit.company_id, told.occurrence_id, json.dumps(facts)
    )


async def _alert(
    unit: Unit,
    told: Told,
    at: datetime,
    problem: UUID,
    asset: str,
    signature: str,
    source: str,
    severity: Severity,
    repeats: int,
    ended_at: datetime | None,
) -> None:
    """The alert as it began, and its problem's state as it is now."""
    await unit.connection.execute(
        "INSERT INTO alert VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'it is full', '{\"job\":\"node\"}', '{}', $9, 1, 1,"
        " $10, NULL, $10, $10, $11)",
        *(unit.company_id, told.alert_id, uuid4(), problem, told.incident_id, source, asset, signature, severity, at),
        canonical(asset),
    )
    await unit.connection.execute(
        "INSERT INTO alert_state VALUES ($1, $2, $3, $4, $5, $6, false, $7, NULL, $8, $9, $10, $11)",
        *(unit.company_id, problem, told.alert_id, told.incident_id, 2 if ended_at else 1, severity, 1 + repeats),
        *(at, ended_at, (ended_at or at) + timedelta(seconds=repeats), uuid4()),
    )


async def _incident(
    unit: Unit,
    told: Told,
    at: datetime,
    asset: str,
    signature: str,
    severity: Severity,
    repeats: int,
    ended_at: datetime | None,
    forming: bool,
    *,
    new: bool,
) -> None:
    if not new:
        await unit.connection.execute(
            "UPDATE incident_state SET alerts = alerts + 1, firing = firing + 1, occurrences = occurrences + $3,"
            " severity = greatest(severity, $4) WHERE company_id = $1 AND incident_id = $2",
            *(unit.company_id, told.incident_id, 1 + repeats, severity),
        )
        return
    status = 1 if forming else 3 if ended_at else 2
    await unit.connection.execute(
        "INSERT INTO incident_state VALUES"
        " ($1, $2, $3, $4, true, false, false, 900, 0, 300, 86400, 1, $5, 1, $6, $7, $7, $7, $8)",
        *(unit.company_id, told.incident_id, status, severity, 0 if ended_at else 1, 1 + repeats, at, ended_at),
    )
    if forming:
        return  # people see it once it opens
    await unit.connection.execute(
        "INSERT INTO incident (company_id, id, title, rule_id, rule_name, rules_version, aggregation_key, opened_at)"
        " VALUES ($1, $2, $3, 'default', 'Same asset and signature', 0, $4, $5)",
        *(unit.company_id, told.incident_id, f"{signature} on {asset}", f"{asset}|{signature}", at),
    )
