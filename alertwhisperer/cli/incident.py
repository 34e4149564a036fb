"""How an incident is printed: as JSON it has the API's names, for people it is a page with its reasons first."""

from typing import Any

from alertwhisperer.api.story import Story
from alertwhisperer.cli import output
from alertwhisperer.store.incidents import IncidentRow

_RENAMED = {"activity_at": "last_activity_at", "firing": "firing_count"}
_SHOWN_OTHERWISE = ("rule_id", "rule_name", "rules_version", "attention", "hold_s", "snoozed_at")
_MOST_ENTRIES = 40  # of a timeline on a screen; --json has all


def fields(row: IncidentRow) -> dict[str, Any]:
    """An incident in a list, as the API shows it."""
    shown = {
        _RENAMED.get(name, name): value for name, value in output.plain(row).items() if name not in _SHOWN_OTHERWISE
    }
    return {
        **shown,
        "status": row.word,
        "group": row.group,
        "state": row.state,
        "snoozed_until_clear": row.snoozed_by is not None and row.snoozed_until is None,
        "clear_since": output.plain(row.clear_since),
        "closes_at": output.plain(row.closes_at),
        "distinct_count": row.alert_count,
        "rule": {"id": row.rule_id, "name": row.rule_name, "version": row.rules_version},
    }


def whole(row: IncidentRow, story: Story) -> dict[str, Any]:
    """One incident, as the API shows it."""
    told: dict[str, Any] = output.plain(story)
    together = told.pop("together")
    timeline = [{**output.plain(entry), "group": entry.group} for entry in story.timeline]
    return {**fields(row), **told, **together, "timeline": timeline}


def show(row: IncidentRow, story: Story) -> None:
    """One incident on a screen."""
    output.say(f"{row.title} [{row.severity.word}, {row.word}]", f"incident {row.number}, {row.id}", "")
    output.say("Why these alerts are one incident:")
    for sentence in story.why:
        output.say(f"  {sentence}")
    print()
    output.show_fields(
        {
            "opened": output.cell(row.opened_at),
            "resolved": output.cell(row.resolved_at) + (f" by {row.resolved_by}" if row.resolved_by else ""),
            "acknowledged": output.cell(row.acknowledged_by),
            "assignee": output.cell(row.assignee),
            "alerts": f"{row.alert_count}, {row.firing} firing; {row.occurrence_count} occurrences",
            "tools": list(row.tools),
            "assets": list(row.assets),
            "rule": f"{row.rule_name} (version {row.rules_version}), key {row.aggregation_key}",
        }
    )
    print()
    output.show_table(
        ("id", "severity", "status", "asset", "signature", "source", "count"),
        ((one.id, one.severity, one.status, one.asset, one.signature, one.source, one.count) for one in story.alerts),
        empty="No alerts left in it.",
    )
    print()
    for entry in story.timeline[:_MOST_ENTRIES]:
        output.say(f"{output.cell(entry.at)}  {entry.actor}: {entry.text}")
    if len(story.timeline) > _MOST_ENTRIES:
        output.say(f"… and {len(story.timeline) - _MOST_ENTRIES} more: --json shows all")
