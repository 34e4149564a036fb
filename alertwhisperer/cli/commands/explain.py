"""`alertwhisperer explain`: the reasons behind an alert, an incident or a delivery, in words."""

from typing import Annotated, Any
from uuid import UUID

import typer

from alertwhisperer.api.story import tell
from alertwhisperer.app.build import House
from alertwhisperer.cli import incident, output
from alertwhisperer.cli.acting import acts, may
from alertwhisperer.cli.find import seek
from alertwhisperer.cli.groups import single
from alertwhisperer.cli.house import AsJson, DataDir, identifier, in_house
from alertwhisperer.correlate.receipt import explain as in_words
from alertwhisperer.domain.errors import NotFound
from alertwhisperer.guard.permissions import Action
from alertwhisperer.kit.ids import KIND_OCCURRENCE, sibling
from alertwhisperer.store import alerts, deliveries, incidents, receipts
from alertwhisperer.store.database import Unit
from alertwhisperer.store.deliveries import Fate

app = single()

_MOST_FATES = 1_000


@app.command(epilog="Example: alertwhisperer explain 0195d3a1-22b0-7e11-8a00-5b1c03000000")
@acts(Action.INCIDENT_READ)
def explain(
    identity: Annotated[str, typer.Argument(metavar="ID", help="Of an alert, an incident or a delivery.")],
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Say in words why an alert, an incident or a delivery is what it is."""
    wanted = identifier(identity)
    told = in_house(lambda house: _tell(house, wanted), data_dir)
    if as_json:
        output.show_json(told)
        return
    output.say(f"{told['kind']} {told['id']}: {told['title']}")
    for sentence in told["why"]:
        output.say(f"  {sentence}")


async def _tell(house: House, wanted: UUID) -> dict[str, Any]:
    for company_of, reader, action in (
        (incidents.company_of, _incident, Action.INCIDENT_READ),
        (alerts.company_of, _alert, Action.ALERT_READ),
        (deliveries.company_of, _delivery, Action.DELIVERY_READ),
    ):
        scope = await seek(house, company_of, wanted) if may(action) else None
        if scope is not None:
            async with house.database.unit_of_work(scope) as unit:
                told = await reader(unit, wanted)
            if told is not None:
                return {"id": wanted, "company_id": scope.company_id, **told}
    raise NotFound(
        f"there is no alert, incident or delivery {wanted}",
        where="ID",
        mend="copy it from `alerts`, `incidents list` or the answer to a webhook",
    )


async def _incident(unit: Unit, wanted: UUID) -> dict[str, Any] | None:
    row = await incidents.read(unit, wanted)
    if row is None:
        return None
    story = await tell(unit, row, outputs=False)
    return {"kind": "incident", "title": row.title, "why": list(story.why), "incident": incident.fields(row)}


async def _alert(unit: Unit, wanted: UUID) -> dict[str, Any] | None:
    alert = await alerts.read(unit, wanted)
    if alert is None:
        return None
    found = await receipts.of_occurrences(unit, [sibling(wanted, KIND_OCCURRENCE)])
    why = in_words(found[0].facts, found[0].reason) if found else ["Its receipt is older than what is kept."]
    if alert.count > 1:
        why.append(f"It was said {alert.count} times; repeats raised its counter and opened nothing.")
    title = f"{alert.signature} on {alert.asset}, said by {alert.source}"
    return {"kind": "alert", "title": title, "why": why, "incident_id": alert.incident_id}


async def _delivery(unit: Unit, wanted: UUID) -> dict[str, Any] | None:
    row = await deliveries.read(unit, wanted)
    if row is None:
        return None
    fates = await deliveries.fates(unit, wanted, first=0, limit=_MOST_FATES)
    why = [sentence for fate in fates for sentence in _fate(fate)]
    if row.received > len(fates):
        why.append(f"… and {row.received - len(fates)} more members.")
    title = f"{row.received} of {row.source}, {row.status.word}, received {output.cell(row.received_at)}"
    return {
        "kind": "delivery",
        "title": title,
        "why": why,
        "alerts": sorted({one.alert_id for one in fates if one.alert_id}),
    }


def _fate(fate: Fate) -> list[str]:
    head = f"[{fate.index}] {fate.outcome.word}"
    if fate.refused is not None:
        place = f" ({fate.refused.where})" if fate.refused.where else ""
        return [f"{head}: {fate.refused.what}{place}. {fate.refused.mend}"]
    first, *rest = in_words(fate.facts, fate.reason)
    alert = f" Alert {fate.alert_id}." if fate.alert_id else ""
    return [f"{head}: {first}{alert}", *(f"    {one}" for one in rest)]
