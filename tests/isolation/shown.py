"""
Rows that lists, the board, figures, views and notices look at: open incidents, earlier ones, pieces that were split
off, shared views, devices. Of each the twins both have one by the same id, or the other alone has what would count.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Protocol
from uuid import UUID

from alertwhisperer.store.database import Connection
from tests.isolation.ids import OURS, THEIRS, Ids, Twins, spare


class Put(Protocol):
    """Writes a row of a table for a company."""

    async def __call__(self, company: UUID, table: str, ids: Ids, **more: object) -> None: ...


async def show(owner: Connection, put: Put, twins: Twins) -> None:
    """Write all of them."""
    await _people(owner, twins)
    await _open(put, twins)
    await _earlier(put, twins)
    await _printed(put, twins)
    for company in (THEIRS, OURS):
        await put(company, "incident", spare("piece", twins.now), split_from=twins.twin.incident)
        await put(company, "incident", spare("split off", twins.now))  # its moving parts are still to be written
        await put(company, "saved_view", spare("shared", twins.now), shared=True, about_id=twins.twin.other("about_id"))
        silent = {
            "problem": None,
            "mode": "off",
            "state": "silent",
            "integration_id": twins.twin.other("integration_id"),
        }
        await put(company, "silence_check", spare("silent", twins.now), **silent)
    await _held_back(put, twins)
    # They counted in a minute before all of ours: a fold of one minute takes ours only if it does not look at theirs.
    await put(THEIRS, "ledger_count", Ids("counted first", twins.now, 0), at=twins.now - timedelta(minutes=40))


async def _held_back(put: Put, twins: Twins) -> None:
    """Of one window they held back something later; and we something whose incident opened with them alone."""
    window_id = twins.twin.other("window_id")
    later = {"window_id": window_id, "received_at": twins.now + timedelta(minutes=1)}
    await put(THEIRS, "suppression", spare("held back later", twins.now), **later)
    still = spare("still held", twins.now)  # no incident yet, with either; theirs was held back first
    for company in (THEIRS, OURS):
        await put(company, "suppression", still)
    await put(THEIRS, "suppression", Ids("held first", twins.now, 0), incident_id=still.incident)
    opened = {"window_id": window_id, "incident_id": twins.theirs.incident}
    await put(OURS, "suppression", spare("opened there", twins.now), **opened)


async def _people(owner: Connection, twins: Twins) -> None:
    """Who made the views that both have, and who has a device; people are no company's."""
    for noun in ("owner_id", "user_id"):
        await owner.execute(
            "INSERT INTO app_user (user_id, email, role, created_at) VALUES ($1, $2, 'technician', $3)",
            twins.twin.other(noun),
            f"{noun}@example.org",
            twins.now,
        )
    await owner.execute(
        "INSERT INTO push_subscription (subscription_id, user_id, device, host, address_hash, sealed, severities,"
        " with_text, created_at) VALUES ($1, $2, 'phone', 'push.example.org', $3, '', '{5}', false, $4)",
        twins.twin.other("subscription_id"),
        twins.twin.other("user_id"),
        twins.twin.other("address_hash"),
        twins.now - timedelta(days=1),
    )


async def _open(put: Put, twins: Twins) -> None:
    """An incident that burns with both, of which they alone were told, and have an alert that came first."""
    burning = spare("burning", twins.now)
    for company in (THEIRS, OURS):
        await put(company, "incident", burning, acknowledged_at=None, acknowledged_by=None)
        parts = {"status": 2, "attention": 1, "severity": 5, "firing": 1, "resolved_at": None}
        await put(company, "incident_state", burning, **parts)
        await put(company, "alert", burning, asset_name="burns")
    notice = {"incident_id": burning.incident, "subscription_id": twins.twin.other("subscription_id")}
    await put(THEIRS, "push_notice", burning, **notice)
    for what in (burning, twins.twin):  # a host and a tool that they alone have in what is, by its id, ours as well
        theirs = Ids(f"alert of {what.name}", twins.now, 0)
        await put(THEIRS, "alert", theirs, incident_id=what.incident, asset_name="only theirs")


async def _printed(put: Put, twins: Twins) -> None:
    """What scripts of a run printed that ended with both, some of it gone with us; and of one that goes on with us."""
    going_on, gone = spare("going on", twins.now), spare("gone", twins.now)
    ended = {"ending": "failed", "settled_at": twins.now}
    of_twin = {"run_id": twins.twin.other("run_id"), "asset_id": twins.twin.other("asset_id")}
    for company in (THEIRS, OURS):
        await put(company, "run_act", spare("printed", twins.now), phase="verify", **ended, **of_twin)
        await put(company, "run_so_far", spare("printed", twins.now))
        removed_at = twins.now if company is OURS else None
        await put(company, "run_act", gone, phase="undo", output_removed_at=removed_at, **ended, **of_twin)
        await put(company, "approval", going_on)
        await put(company, "run", going_on, ended_at=None if company is OURS else twins.now)
        await put(company, "run_target", going_on)
        await put(company, "run_act", going_on, **ended)
        await put(company, "run_snapshot", going_on)


async def _earlier(put: Put, twins: Twins) -> None:
    """Incidents that were resolved last, with either; and what they heard of an alert that we have as well."""
    ours, theirs = spare("resolved last", twins.now), spare("resolved later", twins.now)
    times = {
        (OURS, ours): timedelta(minutes=10),
        (OURS, theirs): timedelta(days=-40),
        (THEIRS, ours): timedelta(days=-40),
        (THEIRS, theirs): timedelta(minutes=20),
    }
    for (company, ids), after in times.items():
        await put(company, "incident", ids)
        await put(company, "incident_state", ids, resolved_at=twins.now + after)
    await put(THEIRS, "act", ours, facts='{"note": "of B"}')
    # Of an alert that is by its id in our incident with them, and in none with us.
    await put(OURS, "occurrence", Ids("joined", twins.now, 9))
