"""Feeds: tools that cannot push and are looked at; how the last look went, and a look at once."""

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import Field

from alertwhisperer.api.access import Caller, allow_in_company
from alertwhisperer.api.fields import Shown, example
from alertwhisperer.api.pages import Page, PageQuery, page_of
from alertwhisperer.api.problem import responses
from alertwhisperer.guard.permissions import Action
from alertwhisperer.ingest import feeds

router = APIRouter(prefix="/api/companies/{company_id}/feeds", tags=["feeds"])


class FeedShown(Shown):
    """A tool that is looked at, and how that goes."""

    model_config = example(
        {
            "integration_id": "0195d3a0-7c1e-7b5a-9f00-3c8d53000000",
            "name": "Cooling",
            "source": "jsonfeed",
            "interval_s": 60,
            "paused": False,
            "state": "failing",
            "polled_at": "2026-03-01T08:05:00Z",
            "succeeded_at": "2026-03-01T08:03:00Z",
            "failures": 2,
            "problem": "the API answered 503",
            "looks": 4711,
            "items": 93,
            "repeats": 2,
            "due_at": "2026-03-01T08:07:00Z",
        }
    )

    integration_id: UUID
    name: str
    source: str
    interval_s: int
    paused: bool
    state: Annotated[
        Literal["waiting", "ok", "failing", "stopped"],
        Field(description="failing is tried again; stopped until a person changes something"),
    ]
    polled_at: datetime | None
    succeeded_at: datetime | None
    failures: Annotated[int, Field(description="in a row")]
    problem: Annotated[str, Field(description="of the last look, in words; not to be trusted")]
    looks: int
    items: Annotated[int, Field(description="handed in so far")]
    repeats: Annotated[int, Field(description="of these, seen before")]
    due_at: Annotated[datetime | None, Field(description="of the next look")]


@router.get("", summary="Feeds, with the state of each", responses=responses(404))
async def list_feeds(
    caller: Annotated[Caller, allow_in_company(Action.FEED_READ)], query: Annotated[PageQuery, Query()]
) -> Page[FeedShown]:
    await caller.check_company()
    found = await feeds.list_feeds(caller.desk.database, caller.scope, limit=query.reach, before=query.cursor)
    return page_of(found, query, lambda one: FeedShown(**asdict(one)), lambda one: one.integration_id)


@router.get("/{feed_id}", summary="One feed", responses=responses(404))
async def read_feed(caller: Annotated[Caller, allow_in_company(Action.FEED_READ)], feed_id: UUID) -> FeedShown:
    return FeedShown(**asdict(await feeds.get_feed(caller.desk.database, caller.scope, feed_id)))


@router.post("/{feed_id}/poll", summary="Look at once", responses=responses(404, 409))
async def poll_feed(caller: Annotated[Caller, allow_in_company(Action.FEED_POLL)], feed_id: UUID) -> FeedShown:
    found = await feeds.poll_now(caller.desk.database, caller.scope, feed_id, now=caller.now)
    return FeedShown(**asdict(found))


@router.post("/{feed_id}/pause", summary="Let no further look begin", responses=responses(404))
async def pause_feed(caller: Annotated[Caller, allow_in_company(Action.FEED_PAUSE)], feed_id: UUID) -> FeedShown:
    found = await feeds.pause(caller.desk.database, caller.scope, feed_id, now=caller.now)
    return FeedShown(**asdict(found))


@router.post("/{feed_id}/resume", summary="Look again, the first time at once", responses=responses(404))
async def resume_feed(caller: Annotated[Caller, allow_in_company(Action.FEED_PAUSE)], feed_id: UUID) -> FeedShown:
    found = await feeds.resume(caller.desk.database, caller.scope, feed_id, now=caller.now)
    return FeedShown(**asdict(found))
