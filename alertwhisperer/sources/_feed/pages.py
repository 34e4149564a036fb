"""
Pages: asks an API for its list, page by page, until the list ends or the look has enough.

Whatever the API does, a look is finite: pages, items and bytes are counted, a page that was asked for before ends the
walk, and an address on another host is never followed, since our credential would go with it.
"""

import json
import re
from collections.abc import Mapping
from datetime import timedelta
from typing import NamedTuple
from urllib.parse import SplitResult, parse_qsl, urlencode, urljoin, urlsplit, urlunsplit

import msgspec

from alertwhisperer.domain.errors import Invalid, Temporary
from alertwhisperer.sources._feed.memory import encoded, short_hash
from alertwhisperer.sources._mapping.limits import DELIVERY_STEPS, Budget, Exhausted
from alertwhisperer.sources._mapping.paths import Path
from alertwhisperer.sources._reading import scalar
from alertwhisperer.sources.contract import Answered, Asked, Json, Outside

MOST_PAGES = 20
MOST_ITEMS = 5_000  # then the look ends with the page
MOST_ON_PAGE = 20_000
MOST_BYTES = 20 * 1024 * 1024  # of all pages of a look
_LONGEST_URL = 4_096
_LINK = re.compile(r'<([^<>]{1,4096})>((?:\s*;\s*[^;,="]+(?:=(?:"[^"]*"|[^;,"]*))?)*)')
_NEXT = re.compile(r'(?:^|;)\s*rel\s*=\s*"?(?:[^";]*\s)?next(?:\s[^";]*)?"?\s*(?:;|$)', re.IGNORECASE)


class Place(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where a page is: nowhere in particular (the first), at a URL, behind a cursor, or by its number."""

    url: str = ""
    cursor: str = ""
    page: int | None = None


class Plan(msgspec.Struct, frozen=True):
    """
    How an API is asked; built from an integration's settings.

    Attributes:
        headers: with the credential; never logged.
        paging: none, next_url, cursor, page or link.
        items: path of the list in an answer; None when the answer is the list.
        next: path of the next page's URL or cursor.
        parameter: of the query, for a cursor or a page's number.
    """

    url: str
    method: str
    headers: Mapping[str, str]
    body: bytes
    paging: str
    items: Path | None
    next: Path | None
    parameter: str
    first_page: int


class Walked(NamedTuple):
    """
    What a walk found.

    Attributes:
        items: in the order of the pages.
        at: where the next walk begins; None for the first page.
        more: whether pages wait there now.
        problem: what broke it off after the first page; None when it came to its end.
        is_whole: whether this was the list from its first to its last page.
    """

    items: list[Json]
    at: Place | None
    more: bool
    problem: Temporary | Invalid | None
    is_whole: bool


async def walk(plan: Plan, start: Place | None, outside: Outside) -> Walked:
    """
    Ask for the pages from `start` on.

    Raises:
        Temporary, Invalid: the first page cannot be had.
    """
    first = _first(plan)
    items: list[Json] = []
    size, last = 0, ""
    place, visited = start or first, set[Place]()
    for _ in range(MOST_PAGES):
        visited.add(place)
        try:
            answer = await _page(plan, place, outside)
            document, found = _list(plan, answer)
        except _Gone:
            if not items and place == start:
                place, start = first, None  # the API forgot the place that we kept: the list begins anew
                continue
            return _broken(items, start, Invalid("the API does not know the page that it sent us to", where="paging"))
        except (Temporary, Invalid) as failure:
            return _broken(items, start, failure)
        name = short_hash(encoded(found)) if plan.paging == "page" else ""
        if name and name == last:
            return Walked(items, None, False, None, start is None)  # some APIs answer their last page for ever
        last = name
        items += found
        try:
            following = _following(plan, place, document, found, answer)
        except Invalid as failure:
            return Walked(items, start, False, failure, False)
        if following is None:
            return Walked(items, None, False, None, start is None)
        if not found or following in visited:
            return Walked(items, following, False, None, start is None and not found)
        size += len(answer.body)
        if len(items) >= MOST_ITEMS or size >= MOST_BYTES:
            return Walked(items, following, True, None, False)
        place = following
    return Walked(items, place, True, None, False)


def _broken(items: list[Json], start: Place | None, failure: Temporary | Invalid) -> Walked:
    """What was found before the failure; the next walk begins where this one did, so that the first pages are seen."""
    if not items:
        raise failure
    return Walked(items, start, False, failure, False)


class _Gone(Exception):
    """The API refuses the place that was asked for."""


def _first(plan: Plan) -> Place:
    return Place(page=plan.first_page) if plan.paging == "page" else Place()


async def _page(plan: Plan, place: Place, outside: Outside) -> Answered:
    answer = await outside.call(Asked(_url(plan, place), plan.method, plan.headers, plan.body))
    status = answer.status
    if status in (200, 203):
        return answer
    if status == 204:
        return Answered(200, answer.headers, b"[]")
    if status >= 500 or status in (408, 425, 429):
        raise Temporary(f"the API answered {status}", retry_after=_retry_after(answer))
    if 300 <= status < 400:
        raise Invalid(
            f"the API redirects ({status}), which is not followed", where="url", mend="set the address it leads to"
        )
    if status in (400, 404, 410, 422) and place != _first(plan):
        raise _Gone
    mend = "check the credential" if status in (401, 403) else "check the address and what it is asked for"
    raise Invalid(f"the API answered {status}", where="url", mend=mend)


def _retry_after(answer: Answered) -> timedelta:
    given = answer.headers.get("retry-after", "").strip()
    return timedelta(seconds=int(given)) if given.isascii() and given.isdigit() and len(given) < 6 else timedelta(0)


def _url(plan: Plan, place: Place) -> str:
    if place.url:
        return place.url
    value = place.cursor if place.page is None else str(place.page)
    if not value:
        return plan.url
    parts = urlsplit(plan.url)
    query = [(name, text) for name, text in parse_qsl(parts.query, keep_blank_values=True) if name != plan.parameter]
    return urlunsplit(parts._replace(query=urlencode([*query, (plan.parameter, value)])))


def _list(plan: Plan, answer: Answered) -> tuple[Json, list[Json]]:
    """The document of a page, and the items in it."""
    document = _document(answer.body)
    found = document if plan.items is None else _at(plan.items, document, "items")
    if type(found) is not list:
        # An error page with status 200 looks like this; a list that is not there is never an empty one.
        raise Temporary("the answer has no list at the path `items`")
    if len(found) > MOST_ON_PAGE:
        raise Invalid(f"a page has more than {MOST_ON_PAGE} items", where="url", mend="ask for smaller pages")
    return document, found


def _document(body: bytes) -> Json:
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        pass  # lone surrogates, raw newlines, a byte order mark: one odd item must not cost its neighbours
    try:
        document = json.loads(body.decode("utf-8-sig", "replace"), strict=False, parse_constant=str)
        encoded(document)
    except (ValueError, RecursionError) as failure:
        raise Temporary("the answer is not JSON that can be used") from failure
    return document


def _at(path: Path, document: Json, where: str) -> Json:
    try:
        return path(document, Budget(DELIVERY_STEPS))
    except Exhausted as failure:
        raise Invalid(f"the path `{where}` looks at too much", where=where, mend="shorten it") from failure


def _following(plan: Plan, place: Place, document: Json, found: list[Json], answer: Answered) -> Place | None:
    if plan.paging == "page":
        return Place(page=(place.page or 0) + 1) if found else None
    if plan.paging == "link":
        return _same_host(plan, place, _next_link(answer.headers.get("link", "")))
    if plan.next is None:
        return None
    text = scalar(_at(plan.next, document, "next"))
    if text is None or text in ("", "false"):
        return None
    if plan.paging == "next_url":
        return _same_host(plan, place, text)
    if len(text) > _LONGEST_URL:
        raise Invalid("the API's cursor is too long", where="next")
    return Place(cursor=text)


def _next_link(header: str) -> str | None:
    for target, parameters in _LINK.findall(header[:65_536]):
        if _NEXT.search(parameters):
            return str(target)
    return None


def _origin(parts: SplitResult) -> tuple[str, str | None, int]:
    return parts.scheme, parts.hostname, parts.port or (443 if parts.scheme == "https" else 80)


def _same_host(plan: Plan, place: Place, target: str | None) -> Place | None:
    """The place of a URL that an answer gave; on the API's own host only."""
    if target is None:
        return None
    try:
        url = urljoin(place.url or plan.url, target)
        there, here = urlsplit(url), urlsplit(plan.url)
        same = _origin(there) == _origin(here)
    except ValueError:
        same = False
    if not same or "@" in there.netloc or len(url) > _LONGEST_URL:
        raise Invalid("the API's next page lies on another host, which is not followed", where="paging")
    return Place(url=urlunsplit(there._replace(fragment="")))
