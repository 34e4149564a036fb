"""Secret addresses by which calendar programs read on-call times."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Request, Response
from pydantic import Field

from alertwhisperer.api.access import Caller, allow, open_door
from alertwhisperer.api.client import client_ip
from alertwhisperer.api.desk import Desk, desk_of
from alertwhisperer.api.fields import Asked, Shown, example
from alertwhisperer.api.problem import responses
from alertwhisperer.escalate import feeds
from alertwhisperer.escalate.calendar import MEDIA_TYPE
from alertwhisperer.guard.permissions import Action
from alertwhisperer.store.on_call import Feed

router = APIRouter(prefix="/api/on-call", tags=["on call"])

_FEED = {
    "id": "0195d3a0-7c1e-7b5a-9f00-3c8d64000000",
    "name": "My on-call times",
    "schedule_id": None,
    "hint": "awc_x7Qd",
    "made_at": "2026-03-01T08:00:00Z",
    "read_at": None,
}
_ADDRESS = "https://alerts.example.org/api/on-call/calendar/awc_x7Qd9b2f0Jp3k1s8y4n6v5c7m2l9q0w3e1r8t6u4i2o/on-call.ics"


class CalendarFeed(Shown):
    """An address, without what makes it secret."""

    model_config = example(_FEED)

    id: UUID
    name: str
    schedule_id: Annotated[UUID | None, Field(description="null: your own times, of all schedules")]
    hint: Annotated[str, Field(description="how its secret begins")]
    made_at: datetime
    read_at: Annotated[datetime | None, Field(description="when a program last read it")]


class CalendarFeedMade(CalendarFeed):
    """The same with the address itself, which is shown this once."""

    model_config = example({**_FEED, "address": _ADDRESS})

    address: str


class CalendarFeeds(Shown):
    """Yours, oldest first; at most 20."""

    model_config = example({"items": [_FEED], "next": None})

    items: list[CalendarFeed]
    next: None = None


class FeedAsked(Asked):
    """Of what."""

    model_config = example({"schedule_id": None})

    schedule_id: Annotated[UUID | None, Field(description="null: your own times, of all schedules")] = None


@router.get("/feeds", summary="Your calendar addresses", responses=responses())
async def list_calendar_feeds(caller: Annotated[Caller, allow(Action.ON_CALL_OWN)]) -> CalendarFeeds:
    found = await feeds.list_feeds(caller.desk.database, caller.person)
    return CalendarFeeds(items=[show_feed(one) for one in found])


@router.post(
    "/feeds", status_code=201, summary="Make a calendar address; it is shown once", responses=responses(404, 409)
)
async def add_calendar_feed(caller: Annotated[Caller, allow(Action.ON_CALL_OWN)], body: FeedAsked) -> CalendarFeedMade:
    made = await feeds.add_feed(
        caller.desk.database, caller.desk.vault, caller.by, caller.person, body.schedule_id, now=caller.now
    )
    address = address_of(caller.desk.public_url, made.secret)
    return CalendarFeedMade(**show_feed(made.feed).model_dump(), address=address)


@router.delete("/feeds/{calendar_feed_id}", status_code=204, summary="End a calendar address", responses=responses(404))
async def revoke_calendar_feed(caller: Annotated[Caller, allow(Action.ON_CALL_OWN)], calendar_feed_id: UUID) -> None:
    await feeds.revoke_feed(caller.desk.database, caller.by, caller.person, calendar_feed_id, now=caller.now)


@router.get(
    "/calendar/{secret}/on-call.ics",
    summary="On-call times for calendar programs (RFC 5545)",
    dependencies=[
        open_door("whoever holds the secret address reads times of one person or schedule, and nothing else")
    ],
    response_class=Response,
    responses={
        **responses(404, 429),
        200: {"description": "The calendar.", "content": {"text/calendar": {"schema": {"type": "string"}}}},
    },
)
async def read_calendar_feed(
    request: Request, desk: Annotated[Desk, Depends(desk_of)], secret: Annotated[str, Path(max_length=100)]
) -> Response:
    now = desk.clock.now()
    desk.calendar_pace.take(f"address {client_ip(request, desk.trusted_proxies)}", now)
    desk.calendar_pace.take(f"secret {secret}", now)
    return Response(await feeds.read_feed(desk.database, desk.vault, secret, now=now), media_type=MEDIA_TYPE)


def show_feed(feed: Feed) -> CalendarFeed:
    """An address as it may be shown again."""
    return CalendarFeed(
        id=feed.id,
        name=feed.name,
        schedule_id=feed.schedule_id,
        hint=feed.hint,
        made_at=feed.made_at,
        read_at=feed.read_at,
    )


def address_of(public_url: str, secret: str) -> str:
    """What is given to a calendar program."""
    return f"{public_url}/api/on-call/calendar/{secret}/on-call.ics"
