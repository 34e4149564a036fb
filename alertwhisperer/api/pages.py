"""Pages: each list is `{"items": [...], "next": cursor or null}`, newest first, stable while rows come in."""

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import Annotated, Generic, TypeVar
from uuid import UUID

from pydantic import BeforeValidator, Field, WithJsonSchema

from alertwhisperer.api.fields import Asked, Shown
from alertwhisperer.domain.company import CompanyId

T = TypeVar("T")
R = TypeVar("R")


def _read_cursor(text: object) -> object:
    if text is None or isinstance(text, UUID):
        return text
    try:
        return UUID(bytes=base64.b64decode(str(text) + "==", altchars=b"-_", validate=True))
    except (binascii.Error, ValueError) as failure:
        raise ValueError("the cursor is not one of ours; take it from `next` of the page before") from failure


def write_cursor(last: UUID) -> str:
    """The cursor of the page after the row with this id."""
    return base64.urlsafe_b64encode(last.bytes).rstrip(b"=").decode()


Cursor = Annotated[
    UUID | None,
    BeforeValidator(_read_cursor),
    WithJsonSchema(
        {"type": "string", "pattern": "^[A-Za-z0-9_-]{21}[AQgw]$", "description": "`next` of the page before"}
    ),
]


class PageQuery(Asked):
    """The query of every list."""

    limit: Annotated[int, Field(ge=1, le=500, description="items on the page")] = 50
    cursor: Cursor = None

    @property
    def reach(self) -> int:
        """Rows to read: one more than shown tells whether there is a next page."""
        return self.limit + 1


class SomeCompanies(Asked):
    """The part of a query that says of which companies a list across them is."""

    # Twice as many still fit into the 64 KB that an address may have.
    company: Annotated[list[UUID], Field(max_length=500, description="of these companies alone; may be repeated")] = (
        Field(default_factory=list)
    )

    def among(self, served: Sequence[CompanyId]) -> tuple[CompanyId, ...]:
        """Those of the companies that are wanted; another's id is as good as none."""
        wanted = set(self.company)
        return tuple(one for one in served if not wanted or one in wanted)


class Page(Shown, Generic[T]):
    """One page of a list; `next` is null on the last."""

    items: list[T]
    next: str | None


def page_of(rows: Sequence[R], query: PageQuery, show: Callable[[R], T], id_of: Callable[[R], UUID]) -> Page[T]:
    """The page that `query.reach` rows make."""
    return page_by(rows, query.limit, show, lambda row: write_cursor(id_of(row)))


def page_by(rows: Sequence[R], limit: int, show: Callable[[R], T], cursor_of: Callable[[R], str]) -> Page[T]:
    """The page that one row more than `limit` makes, or fewer when it is the last."""
    shown = rows[:limit]
    return Page(items=[show(row) for row in shown], next=cursor_of(shown[-1]) if len(rows) > len(shown) else None)
