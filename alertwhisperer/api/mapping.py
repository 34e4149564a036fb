"""
The mapping workbench: try a body on an integration, see what each field becomes and why, go back to earlier settings,
and run again what waited.
"""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Path, Query
from pydantic import Field, model_validator

from alertwhisperer.api.access import Caller, allow_in_company
from alertwhisperer.api.fields import NO_NUL, Asked, Shown, Text, example
from alertwhisperer.api.integrations import IntegrationShown, shown_fields
from alertwhisperer.api.pages import Cursor, write_cursor
from alertwhisperer.api.problem import responses
from alertwhisperer.correlate.rules import compile_rules
from alertwhisperer.domain.rerun import Left
from alertwhisperer.guard.permissions import Action
from alertwhisperer.ingest import integrations, trial
from alertwhisperer.ingest.secret_settings import masked
from alertwhisperer.store import rules

router = APIRouter(prefix="/api/companies/{company_id}/integrations/{integration_id}", tags=["mapping"])

_ID = "0195d3a0-7c1e-7b5a-9f00-3c8d53000000"
_UNIT = "0195d3a1-22b0-7e11-8a00-5b1c01000000"
_SAMPLE = {"body": '{"events": [{"dev": "sw-01", "what": "fan", "prio": "1"}]}'}
_SETTINGS = {
    "mapping": {"each": "body.events", "fields": {"asset": "member.dev", "signature": "member.what"}},
}
_GROUP = {"rule_id": "default", "rule_name": "Same asset and signature", "key": "sw-01|fan"}
_OCCURRENCE = {
    "index": 0,
    "kind": "firing",
    "note": "",
    "asset": "sw-01",
    "signature": "fan",
    "severity": None,
    "message": "fan",
    "source": "generic",
    "problem": "5b1f7f4e0d7c4c559a2b7f2d1b6f0a11",
    "cycle": None,
    "started_at": None,
    "ended_at": None,
    "labels": {},
    "links": {},
    "group": _GROUP,
    "route": None,
}
_CANDIDATE = {"written": "member.dev", "found": "sw-01", "why": "taken"}
_FIELD = {"name": "asset", "value": "sw-01", "becomes": "sw-01", "by": "", "candidates": [_CANDIDATE]}
_VERSION = {"version": 1, "at": "2026-03-01T08:00:00Z", "settings": {}, "current": True}
_GIVEN = Annotated[str, Field(max_length=8_192, pattern=NO_NUL)]
_Version = Annotated[int, Field(ge=1, le=2**31 - 1)]


class SampleGiven(Asked):
    """A request of the tool, written down."""

    model_config = example(_SAMPLE)

    body: Annotated[str, Field(max_length=trial.LONGEST_BODY)]
    content_type: Annotated[Text | None, Field(description="the header of this name")] = None
    query: Annotated[dict[str, _GIVEN], Field(max_length=200)] = Field(default_factory=dict)
    headers: Annotated[dict[str, _GIVEN], Field(max_length=100)] = Field(default_factory=dict)


class TrialAsked(Asked):
    """What to read: exactly one of a sample, a delivery and a unit of quarantine."""

    model_config = example({"sample": _SAMPLE, "settings": _SETTINGS})

    sample: SampleGiven | None = None
    delivery_id: UUID | None = None
    quarantine_id: UUID | None = None
    settings: Annotated[
        dict[str, Any] | None,
        Field(description="a draft, whole; `***` for a secret that is there; null: the integration's own"),
    ] = None

    @model_validator(mode="after")
    def _one(self) -> "TrialAsked":
        if sum(one is not None for one in (self.sample, self.delivery_id, self.quarantine_id)) != 1:
            raise ValueError("give exactly one of sample, delivery_id and quarantine_id")
        return self

    def given(self) -> trial.Pasted | trial.Received:
        """The same for `ingest.trial`."""
        if self.sample is None:
            return trial.Received(self.delivery_id, self.quarantine_id)
        typed = {} if self.sample.content_type is None else {"content-type": self.sample.content_type}
        headers = {name.lower(): value for name, value in self.sample.headers.items()}
        return trial.Pasted(self.sample.body, headers | typed, self.sample.query)


class UnreadableShown(Shown):
    """Why all of a body would wait in quarantine."""

    model_config = example({"reason": "invalid_json", "what": "not JSON", "where": "body", "mend": "send it whole"})

    reason: str
    what: str
    where: str
    mend: str


class GroupShown(Shown):
    """The rule and the aggregation key by which a firing alert would join others."""

    model_config = example(_GROUP)

    rule_id: str
    rule_name: str
    key: str


class RouteShown(Shown):
    """Whose an alert of an MSP-wide integration is; without a company it would wait in quarantine."""

    model_config = example({"customer": "42", "company_id": None})

    customer: str
    company_id: UUID | None


class OccurrenceTried(Shown):
    """One alert of the body as it would be stored."""

    model_config = example(_OCCURRENCE)

    index: int
    kind: Literal["firing", "resolved", "noted"]
    note: Annotated[str, Field(description="why a noted one changes nothing")]
    asset: str
    signature: str
    severity: str | None
    message: str
    source: str
    problem: Annotated[str, Field(description="the same check on the same asset for ever")]
    cycle: Annotated[str | None, Field(description="this firing")]
    started_at: datetime | None
    ended_at: datetime | None
    labels: dict[str, str]
    links: dict[str, str]
    group: GroupShown | None
    route: RouteShown | None


class RefusedShown(Shown):
    """A member of the body that would be rejected."""

    model_config = example({"index": 1, "what": "no candidate has a value", "where": "fields.asset", "mend": "add one"})

    index: int
    what: str
    where: str
    mend: str


class CandidateShown(Shown):
    """One way to find a value, and what became of it."""

    model_config = example(_CANDIDATE)

    written: str
    found: str
    why: str


class FieldShown(Shown):
    """How one field was found."""

    model_config = example(_FIELD)

    name: str
    value: Annotated[str | None, Field(description="of the candidate that was taken")]
    becomes: Annotated[str | None, Field(description="what the alert has in the end")]
    by: Annotated[str, Field(description="what made that of the value, e.g. severity.table[2]")]
    candidates: list[CandidateShown]


class ExplainedShown(Shown):
    """How the fields of one alert were found."""

    model_config = example({"index": 0, "filter": "", "fields": [_FIELD]})

    index: int
    filter: Annotated[str, Field(description="the filter that held, or empty")]
    fields: list[FieldShown]


class TrialDifferenceShown(Shown):
    """What is stored otherwise than it would be read now."""

    model_config = example({"index": 0, "field": "severity", "stored": "low", "now": "critical"})

    index: int
    field: str
    stored: str | None
    now: str | None


class TrialShown(Shown):
    """What would come of the body; nothing was stored."""

    model_config = example(
        {
            "integration_id": _ID,
            "source": "generic",
            "parser": 1,
            "received_at": "2026-03-01T08:00:00Z",
            "unreadable": None,
            "occurrences": [_OCCURRENCE],
            "refused": [],
            "left_out": 0,
            "explained": [{"index": 0, "filter": "", "fields": [_FIELD]}],
            "differences": None,
            "unread_headers": [],
        }
    )

    integration_id: UUID
    source: Annotated[str, Field(description="that read it")]
    parser: int
    received_at: datetime
    unreadable: UnreadableShown | None
    occurrences: Annotated[list[OccurrenceTried], Field(description="the first 200")]
    refused: Annotated[list[RefusedShown], Field(description="the first 200")]
    left_out: Annotated[int, Field(description="members that are not shown")]
    explained: Annotated[list[ExplainedShown], Field(description="of a mapping: the first 100 alerts")]
    differences: Annotated[list[TrialDifferenceShown] | None, Field(description="from what is stored of a delivery")]
    unread_headers: Annotated[list[str], Field(description="of a sample: what the integration does not read")]


class SettingsVersionShown(Shown):
    """The settings as they once were."""

    model_config = example(_VERSION)

    version: int
    at: datetime
    settings: Annotated[dict[str, Any], Field(description="secret ones as `***`")]
    current: bool


class SettingsVersionsShown(Shown):
    """A page of versions, newest first."""

    model_config = example({"items": [_VERSION], "next": None})

    items: list[SettingsVersionShown]
    next: Annotated[int | None, Field(description="`before` of the next page")]


class SettingsVersionsQuery(Asked):
    """Which versions."""

    limit: Annotated[int, Field(ge=1, le=500)] = 50
    before: _Version | None = None


class RerunAsked(Asked):
    """Where to begin: after the last unit of the round before."""

    model_config = example({})

    cursor: Cursor = None


class LeftShown(Shown):
    """A unit that was not taken out of quarantine, and why."""

    model_config = example({"id": _UNIT, "what": "it still cannot be read", "where": "each", "mend": "mend the path"})

    id: UUID
    what: str
    where: str
    mend: str


class RerunShown(Shown):
    """What came of a round of at most 500 units."""

    model_config = example({"done": 17, "waiting": [], "failed": [], "next": None})

    done: int
    waiting: Annotated[list[LeftShown], Field(description="still cannot be read, or still belong to nobody")]
    failed: Annotated[list[LeftShown], Field(description="could not be tried")]
    next: Annotated[str | None, Field(description="`cursor` of the next round; null when nothing is left")]


@router.post("/trial", summary="What it would make of a body, and why", responses=responses(404, 409))
async def try_body(
    caller: Annotated[Caller, allow_in_company(Action.INTEGRATION_TRY)], integration_id: UUID, body: TrialAsked
) -> TrialShown:
    desk = caller.desk
    async with caller.work() as unit:
        compiled = compile_rules(unit.company_id.bytes, await rules.current(unit))
    tried = await trial.try_on(
        desk.database,
        desk.vault,
        desk.sources,
        caller.scope,
        integration_id,
        body.given(),
        settings=body.settings,
        match=compiled.match,
        now=caller.now,
    )
    return TrialShown.model_validate(trial.told(tried))


@router.get("/versions", summary="The settings as they were, newest first", responses=responses(404))
async def list_settings_versions(
    caller: Annotated[Caller, allow_in_company(Action.INTEGRATION_READ)],
    integration_id: UUID,
    query: Annotated[SettingsVersionsQuery, Query()],
) -> SettingsVersionsShown:
    current = await integrations.get_integration(caller.desk.database, caller.scope, integration_id)
    found = await integrations.list_versions(
        caller.desk.database, caller.scope, integration_id, limit=query.limit + 1, before=query.before
    )
    shown = found[: query.limit]
    return SettingsVersionsShown(
        items=[
            SettingsVersionShown(
                version=one.version,
                at=one.created_at,
                settings=masked(one.settings),
                current=one.version == current.version,
            )
            for one in shown
        ],
        next=shown[-1].version if len(found) > len(shown) else None,
    )


@router.post("/versions/{version}/restore", summary="Make earlier settings the next version", responses=responses(404))
async def restore_settings(
    caller: Annotated[Caller, allow_in_company(Action.INTEGRATION_SET)],
    integration_id: UUID,
    version: Annotated[int, Path(ge=1, le=2**31 - 1)],
) -> IntegrationShown:
    desk = caller.desk
    restored = await integrations.restore_version(
        desk.database, desk.vault, desk.sources, caller.scope, integration_id, version, now=caller.now
    )
    return IntegrationShown(**shown_fields(caller, restored))


@router.post("/rerun", summary="Read again what waits, oldest first, 500 at a time", responses=responses(404))
async def rerun_integration(
    caller: Annotated[Caller, allow_in_company(Action.QUARANTINE_RERUN)],
    integration_id: UUID,
    body: RerunAsked | None = None,
) -> RerunShown:
    await caller.check_company()
    came = await caller.desk.rerun_all(caller.scope, integration_id, None if body is None else body.cursor)
    return RerunShown(
        done=came.done,
        waiting=[_left(one) for one in came.waiting],
        failed=[_left(one) for one in came.failed],
        next=None if came.next is None else write_cursor(came.next),
    )


def _left(one: Left) -> LeftShown:
    return LeftShown(id=one.id, what=one.what, where=one.where, mend=one.mend)
