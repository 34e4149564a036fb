"""
JSON feed: a tool that only answers when asked. A URL or a paged API is polled, and each item read by a mapping.

Two kinds of list: `events`, where each item is a statement for itself, and `snapshot`, where the list is the whole
state and an item that vanished is over.
"""

import re
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

import msgspec

from alertwhisperer.domain.errors import Invalid
from alertwhisperer.domain.occurrence import Content, Kind, Occurrence
from alertwhisperer.sources import generic
from alertwhisperer.sources._feed.memory import Item, State, body_of, events, short_hash, snapshot
from alertwhisperer.sources._feed.pages import MOST_ITEMS, MOST_PAGES, Place, Plan, Walked, walk
from alertwhisperer.sources._mapping.limits import MEMBER_STEPS, Budget, Exhausted
from alertwhisperer.sources._mapping.paths import Path, compile_path
from alertwhisperer.sources._reading import (
    LONGEST_NAME,
    choice_complaint,
    digest,
    flag_complaint,
    given,
    identity,
    labels_of,
    scalar,
    slug_of,
    table,
)
from alertwhisperer.sources.contract import (
    INTERVAL_S,
    Inbound,
    Json,
    Outside,
    Parsed,
    Poll,
    Polled,
    Setting,
    Source,
)

_SLUG = "jsonfeed"
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}")
# What the connection itself is made of, or what says how long the request is.
_OURS = frozenset({"host", "content-length", "transfer-encoding", "connection", "accept-encoding", "upgrade", "te"})
_MOST_HEADERS = 30
_encode = msgspec.json.encode


class _Memory(msgspec.Struct, frozen=True, omit_defaults=True):
    """
    Between two looks.

    Attributes:
        plan: hash of what is asked; a place of another plan is worth nothing.
        at: where the next look begins, of `events`.
        seen: of `events`; `state`: of a `snapshot`.
    """

    plan: str = ""
    at: Place | None = None
    seen: list[str] = []
    state: State = State()


def parse(inbound: Inbound) -> Parsed:
    """`{"item": …}` as generic reads such a body, mapping included; `{"gone": {…}}` resolves what was listed before."""
    document = table(inbound.document)
    if "gone" in document:
        return Parsed(((0, _ended(document["gone"])),))
    if "item" not in document:
        raise Invalid("the body is no item of a feed", where="body", mend='it has the shape {"item": …}')
    return generic.parse(msgspec.structs.replace(inbound, document=document["item"]))


def _ended(said: Json) -> Occurrence:
    fields = table(said)
    texts = {name: given(fields.get(name), LONGEST_NAME) for name in ("asset", "signature", "problem", "cycle")}
    asset, signature, problem, cycle = texts.values()
    if asset is None or signature is None or problem is None:
        raise Invalid("what is gone has no asset, signature or problem", where="gone", mend="name all three")
    return Occurrence(
        Kind.RESOLVED,
        Content(
            asset,
            signature,
            "No longer listed by the feed.",
            slug_of(given(fields.get("source")) or ""),
            labels_of(table(fields.get("labels"))),
        ),
        None,
        identity(problem),
        None if cycle is None else identity(cycle),
    )


async def poll(asked: Poll, outside: Outside) -> Polled:
    """
    One look at the list.

    Raises:
        Temporary: the API did not answer with a list.
        Invalid: a person must change the settings, or what the API is asked for.
    """
    settings = asked.settings
    plan = _plan(settings)
    name = digest(plan.url, plan.method, plan.paging, str(settings.get("items")), str(settings.get("next")))
    memory = _memory(asked.cursor)
    if settings.get("mode") == "snapshot":
        return await _look_at_state(asked, plan, name, memory, outside)
    walked = await walk(plan, memory.at if memory.plan == name else None, outside)
    items = _named(walked.items, settings)
    fetched, seen = events(items[::-1] if settings.get("newest_first") else items, memory.seen)
    if walked.more and not fetched:
        # So many pages without news: an API that never comes to its end must not be asked without a pause.
        return Polled((), msgspec.to_builtins(_Memory(name, None, seen)))
    left = _Memory(name, walked.at, seen)
    return Polled(tuple(fetched), msgspec.to_builtins(left), walked.more, _in_words(walked))


async def _look_at_state(asked: Poll, plan: Plan, name: str, memory: _Memory, outside: Outside) -> Polled:
    walked = await walk(plan, None, outside)
    if walked.problem is not None:
        raise walked.problem  # a part of the state is no state
    doubtful = None if asked.pending is None else _memory(asked.pending).state

    known = {"mapping": asked.settings.get("mapping")}

    def read(body: bytes) -> Parsed | None:
        inbound = Inbound("POST", _SLUG, {}, {}, body, msgspec.json.decode(body), asked.now, known)
        try:
            said = parse(inbound)
        except Invalid:
            return None
        return said if said.occurrences else None

    fetched, state = snapshot(
        _named(walked.items, asked.settings), memory.state, doubtful, read, is_whole=walked.is_whole
    )
    problem = "" if walked.is_whole else f"the list has no end within {MOST_PAGES} pages or {MOST_ITEMS} items"
    return Polled(tuple(fetched), msgspec.to_builtins(_Memory(name, state=state)), False, problem)


def _memory(kept: Json) -> _Memory:
    try:
        return msgspec.convert(kept, _Memory) if kept is not None else _Memory()
    except msgspec.ValidationError:
        return _Memory()  # another version of ours wrote it


def _in_words(walked: Walked) -> str:
    return "" if walked.problem is None else f"the list broke off: {walked.problem}"


def _named(items: list[Json], settings: Any) -> list[Item]:
    text = settings.get("item_id")
    path = None if text is None else _path(text, "item_id")
    named: list[Item] = []
    for value in items:
        name = None
        if path is not None:
            try:
                name = scalar(path(value, Budget(MEMBER_STEPS)))
            except Exhausted as failure:
                raise Invalid("the path `item_id` looks at too much", where="item_id", mend="shorten it") from failure
        named.append(Item(digest(name) if name else short_hash(body_of(value)), value))
    return named


@lru_cache(maxsize=256)
def _path(text: str, where: str) -> Path:
    return compile_path(text, where)


def _plan(settings: Any) -> Plan:
    url = settings.get("url")
    if not url:
        raise Invalid("the address is not set", where="settings.url", mend="set it: --setting url=https://…")
    paging = settings.get("paging") or "none"
    following = settings.get("next")
    if paging in ("next_url", "cursor") and not following:
        raise Invalid(f"paging by {paging} needs a path", where="settings.next", mend="say where it stands")
    headers = {"Accept": "application/json", **(settings.get("headers") or {})}
    body = settings.get("request_body")
    if body is not None:
        headers.setdefault("Content-Type", "application/json")
    if settings.get("auth_value"):
        headers[settings.get("auth_header") or "Authorization"] = settings["auth_value"]
    return Plan(
        url,
        settings.get("method") or "GET",
        headers,
        b"" if body is None else _encode(body),
        paging,
        None if settings.get("items") is None else _path(settings["items"], "items"),
        None if following is None else _path(following, "next"),
        settings.get("page_parameter") or ("cursor" if paging == "cursor" else "page"),
        1 if settings.get("first_page") is None else settings["first_page"],
    )


# ------------------------------------------------------------------------------------------------ settings


def _url_complaint(value: Json) -> str | None:
    if value is None:
        return None
    if type(value) is not str or len(value) > 2_048 or not value.isascii() or not value.isprintable() or " " in value:
        return "must be a web address in ASCII"
    try:
        parts = urlsplit(value)
        right = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        right = False
    if not right:
        return "must begin with https:// or http:// and name a host"
    return "must not hold a user or a password; use auth_value" if "@" in parts.netloc else None


def _headers_complaint(value: Json) -> str | None:
    if type(value) is not dict or len(value) > _MOST_HEADERS:
        return f"must be an object of at most {_MOST_HEADERS} texts"
    for name, text in value.items():
        if _header_name_complaint(name) or type(text) is not str or not _is_header_value(text):
            return f"{str(name)[:40]!r} cannot be sent as a header"
    return None


def _header_name_complaint(value: Json) -> str | None:
    if type(value) is not str or not _TOKEN.fullmatch(value):
        return "must be a header's name"
    return "is not yours to set" if value.lower() in _OURS else None


def _is_header_value(text: str) -> bool:
    return len(text) <= 8_192 and text.isascii() and text.isprintable()


def _secret_complaint(value: Json) -> str | None:
    fits = value is None or (type(value) is str and 0 < len(value) <= 8_192 and _is_header_value(value))
    return None if fits else "must be a text in ASCII, as it is sent"


def _path_complaint(value: Json) -> str | None:
    if value is None:
        return None
    if type(value) is not str:
        return "must be a path such as data.alerts"
    try:
        compile_path(value, "path")
    except Invalid as wrong:
        return wrong.what
    return None


def _parameter_complaint(value: Json) -> str | None:
    fits = value is None or (type(value) is str and 0 < len(value) <= 100 and value.isprintable())
    return None if fits else "must be a parameter's name"


def _first_page_complaint(value: Json) -> str | None:
    return None if type(value) is int and 0 <= value <= 1_000_000 else "must be a whole number from 0"


def _body_complaint(value: Json) -> str | None:
    fits = value is None or (type(value) in (dict, list) and len(_encode(value)) <= 65_536)
    return None if fits else "must be a JSON object or list"


(_MAPPING,) = (setting for setting in generic.SOURCE.settings if setting.name == "mapping")

SETUP = """\
Nothing is set on the tool's side but a credential that may read its alerts. Here:

```sh
alertwhisperer integration add --company ID --source jsonfeed --name 'Cooling' \\
  --setting url=https://cooling.example.com/api/alarms --setting items=data.alarms --setting item_id=id \\
  --setting auth_header=X-Token --setting auth_value=SECRET --setting mode=snapshot --setting interval_s=60 \\
  --settings-file mapping.json
```

Each item of the list `items` is read by `mapping`, as a generic webhook's body would be (without a mapping it has our
plain shape). Choose `mode` by what the list is:

- `events`: what happened, one item each. An item seen before (same id, same content) is stored once.
- `snapshot`: what is wrong now. An item that changed is stored again; one that is not listed any more resolves.

`paging` says how the rest of a long list is found: `next_url` and `cursor` read `next` in the answer, `link` reads the
`Link` header, `page` counts up. A look ends after 20 pages or 5,000 items; `events` go on from there at once. Private
addresses are called only when the operator named their network: `ALERTWHISPERER_OUTBOUND_NETWORKS`.

`alertwhisperer feed show ID --company ID` says how the last look went.
"""

SOURCE = Source(
    slug=_SLUG,
    title="JSON feed",
    docs="https://www.rfc-editor.org/rfc/rfc8288",
    version=1,
    parse=parse,
    setup=SETUP,
    can_send=(),
    methods=(),
    settings=(
        INTERVAL_S,
        Setting("url", "Address of the list, https; http only in an allowed network.", None, _url_complaint),
        Setting("method", "GET or POST.", "GET", choice_complaint("GET", "POST")),
        Setting("headers", "Further headers of the request, an object; no secrets.", {}, _headers_complaint),
        Setting("auth_header", "Header that carries the credential.", "Authorization", _header_name_complaint),
        Setting("auth_value", "The credential as it is sent, e.g. `Bearer …`.", None, _secret_complaint, secret=True),
        Setting("request_body", "Body of a POST, JSON.", None, _body_complaint),
        Setting("mode", "events or snapshot.", "events", choice_complaint("events", "snapshot")),
        Setting("newest_first", "Whether the list of events begins with the newest.", False, flag_complaint),
        Setting("items", "Path of the list in the answer; none: the answer is the list.", None, _path_complaint),
        Setting("item_id", "Path of an item's id; none: its content names it.", None, _path_complaint),
        Setting(
            "paging",
            "none, next_url, cursor, page or link.",
            "none",
            choice_complaint("none", "next_url", "cursor", "page", "link"),
        ),
        Setting("next", "Path of the next page's URL or cursor in the answer.", None, _path_complaint),
        Setting("page_parameter", "Query parameter of the cursor or the page's number.", None, _parameter_complaint),
        Setting("first_page", "Number of the first page.", 1, _first_page_complaint),
        _MAPPING,
    ),
    poll=poll,
)
