"""The ledger of a company: what was received and what became of it, and whether the books are right."""

from datetime import datetime
from typing import Annotated

import msgspec
from fastapi import APIRouter, Query
from pydantic import Field

from alertwhisperer.api.access import Caller, allow_in_company
from alertwhisperer.api.fields import Asked, Moment, Shown, example
from alertwhisperer.api.problem import responses
from alertwhisperer.guard.permissions import Action
from alertwhisperer.store import ledger

router = APIRouter(prefix="/api/companies/{company_id}/ledger", tags=["ledger"])


class LedgerShown(Shown):
    """Sums over a range of time; `received` is the sum of `new` to `pending`."""

    model_config = example(
        {
            "from": None,
            "to": None,
            "deliveries_accepted": 10,
            "deliveries_duplicate": 0,
            "deliveries_refused": 0,
            "received": 12,
            "new": 2,
            "repeat": 8,
            "resolve": 1,
            "stale": 0,
            "noted": 0,
            "rejected": 1,
            "quarantined": 0,
            "pending": 0,
            "firing": 10,
            "suppressed": 0,
            "refusals": {"rate_limited": 3},
        }
    )

    start: Annotated[datetime | None, Field(serialization_alias="from")]
    finish: Annotated[datetime | None, Field(serialization_alias="to")]
    deliveries_accepted: int
    deliveries_duplicate: int
    deliveries_refused: int
    received: int
    new: int
    repeat: int
    resolve: int
    stale: int
    noted: int
    rejected: int
    quarantined: int
    pending: int
    firing: Annotated[int, Field(description="of all occurrences, firing ones")]
    suppressed: Annotated[int, Field(description="of these, those that a maintenance window held back")]
    refusals: Annotated[dict[str, int], Field(description="requests refused after their key was known, by reason")]


class DifferenceShown(Shown):
    """A counter that is not what the rows say."""

    name: str
    counted: int
    found: int


class VerificationShown(Shown):
    """Whether the counters agree with the rows and with each other."""

    model_config = example({"agrees": True, "since": None, "differences": []})

    agrees: bool
    since: Annotated[datetime | None, Field(description="rows before it were dropped; null when none were")]
    differences: list[DifferenceShown]


class LedgerQuery(Asked):
    """Which time; all when absent."""

    start: Annotated[Moment | None, Field(alias="from")] = None
    finish: Annotated[Moment | None, Field(alias="to")] = None


@router.get("", summary="What was received and what became of it", responses=responses(404))
async def read_ledger(
    caller: Annotated[Caller, allow_in_company(Action.LEDGER_READ)], query: Annotated[LedgerQuery, Query()]
) -> LedgerShown:
    async with caller.work(snapshot=True) as unit:
        totals = await ledger.totals(unit, query.start, query.finish)
        refusals = await ledger.refusals(unit, query.start, query.finish)
    return LedgerShown(start=query.start, finish=query.finish, **msgspec.structs.asdict(totals), refusals=refusals)


@router.get("/verification", summary="Compare the counters with the rows; reads them all", responses=responses(404))
async def verify_ledger(caller: Annotated[Caller, allow_in_company(Action.LEDGER_READ)]) -> VerificationShown:
    async with caller.work(snapshot=True) as unit:
        verified = await ledger.verify(unit)
    return VerificationShown(
        agrees=not verified.differences,
        since=verified.since,
        differences=[
            DifferenceShown(name=one.name, counted=one.counted, found=one.found) for one in verified.differences
        ],
    )
