"""
The webhook's door: one raw ASGI application, from the request's bytes to a committed delivery and its answer.

Order matters: size before anything else, the key before anything that costs, the limit before the body is parsed, the
signature over the bytes as received, and nothing is answered before it is stored. Framework machinery would cost more
than all of this together.
"""

from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from datetime import datetime
from hashlib import blake2b
from typing import Any
from urllib.parse import parse_qsl
from uuid import UUID

import msgspec
import structlog

from alertwhisperer.domain.delivery import Answer, AskedAction, Delivery, DeliveryStatus, Member, Unreadable
from alertwhisperer.domain.errors import Conflicting, Forbidden, Invalid, NotFound, Permanent, Temporary
from alertwhisperer.guard.vault import Vault, integration_context
from alertwhisperer.ingest import body as bodies
from alertwhisperer.ingest import credentials, signature
from alertwhisperer.ingest.admission import Admission, Guesses
from alertwhisperer.ingest.body import Receive
from alertwhisperer.ingest.keyring import Holder, Keyring
from alertwhisperer.ingest.reading import members_of, parse, request_text
from alertwhisperer.kit.clock import Clock
from alertwhisperer.kit.ids import delivery_id_int
from alertwhisperer.kit.metrics import Metrics
from alertwhisperer.sources.contract import Fetch, Inbound, Parsed, Source

Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Submit = Callable[[Delivery], Awaitable[Answer]]

PREFIX = "/api/webhooks/"
DETECT = "alerts"
"""In the place of a source's slug: the body tells whose it is."""
_ALIAS = "/alerts"
_MOST_KEYED_BODY = 512 * 1024  # a body that must be parsed before its key is known

_log = structlog.get_logger("gateway")
_encode = msgspec.json.encode


class Refused(Invalid):
    """A refusal with its HTTP status; `reason` is the ledger's code, empty when nobody's key was known."""

    def __init__(
        self, status: int, reason: str, failure: Invalid, headers: tuple[tuple[bytes, bytes], ...] = ()
    ) -> None:
        super().__init__(failure.what, where=failure.where, mend=failure.mend)
        self.status = status
        self.reason = reason
        self.headers = headers


class Request(msgspec.Struct, gc=False):
    """What the gateway looks at of a request."""

    method: str
    slug: str
    path_key: str | None
    query: dict[str, str]
    headers: dict[str, str]
    address: str
    length: int | None
    key: str = ""


class Gateway:
    """
    ASGI application for webhooks.

    Args:
        submit: commits a delivery together with others and answers when it is durable.
        fetch: GET for sources that check their own signatures.
        refusals: counts a refused request of a known integration, by reason.
    """

    def __init__(
        self,
        *,
        sources: Mapping[str, Source],
        keyring: Keyring,
        admission: Admission,
        vault: Vault,
        clock: Clock,
        submit: Submit,
        fetch: Fetch,
        refused: Callable[[Holder, str], None],
        metrics: Metrics,
    ) -> None:
        self._sources = sources
        self._keyring = keyring
        self._admission = admission
        self._guesses = Guesses(clock)
        self._vault = vault
        self._clock = clock
        self._submit = submit
        self._fetch = fetch
        self._refused = refused
        self._metrics = metrics
        self._accepted = metrics.requests.labels(outcome="accepted")

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Serve one request; every outcome is an answer, none an exception."""
        holder: Holder | None = None
        try:
            request = _read_head(scope)
            source = self._source_named(request)
            # Nobody's body is read before it is known who sends it, unless the key may be inside.
            raw = await _body(request, receive) if source is not None and source.key_in_body else None
            holder = await self._identify(request, source, raw)
            _check_source(request, source, holder)
            await self._admit(holder)
            if raw is None:
                raw = await _body(request, receive)
            answer, headers = await self._accept(request, holder, raw)
        except ConnectionError:
            return
        except Exception as failure:  # noqa: BLE001 - the door must answer whatever happens behind it
            await self._answer_failure(failure, holder, send)
            return
        self._accepted.inc()
        await _respond(send, 202, answer, headers)

    # -------------------------------------------------------------------------------------------- who is it?

    async def _identify(self, request: Request, source: Source | None, raw: bytes | None) -> Holder:
        body_key = None if raw is None or source is None else _key_in_body(raw, source.key_in_body)
        try:
            key = credentials.find(request.headers, request.query, request.path_key, body_key)
        except credentials.TwoKeys as failure:
            raise Refused(400, "", failure) from failure
        except credentials.NoKey as failure:
            raise Refused(401, "", failure, _CHALLENGE) from failure
        request.key = key
        return self._keyring.remembered(key) or await self._find(key, request.address)

    async def _find(self, key: str, address: str) -> Holder:
        if not key.isascii() or len(key) > 128:
            raise Refused(401, "", _WRONG_KEY, _CHALLENGE)
        if not self._keyring.was_known(key):
            self._guesses.check(address)
        holder = await self._keyring.look_up(key)
        if holder is None:
            self._guesses.count(address)
            raise Refused(401, "", _WRONG_KEY, _CHALLENGE)
        return holder

    def _source_named(self, request: Request) -> Source | None:
        if request.slug == DETECT:
            return None
        source = self._sources.get(request.slug)
        if source is None:
            raise Refused(404, "", NotFound("there is no such source", where="path", mend=_SOURCES_MEND))
        _check_method(request, source)
        return source

    # -------------------------------------------------------------------------------------------- may it?

    async def _admit(self, holder: Holder) -> None:
        if self._admission.admit_now(holder.company_id, holder.limits):
            return
        wait_s = await self._admission.admit(holder.company_id, holder.limits)
        if wait_s > 0:
            status = holder.source.temporary_status if holder.source is not None else 429
            after = ((b"retry-after", str(max(1, round(wait_s + 0.5))).encode()),)
            raise Refused(status, "rate_limited", _OVER_LIMIT, after)

    # -------------------------------------------------------------------------------------------- what does it say?

    async def _accept(
        self, request: Request, holder: Holder, raw: bytes
    ) -> tuple[dict[str, Any], tuple[tuple[bytes, bytes], ...]]:
        now = self._clock.now()
        try:
            signed = signature.check(holder.scheme, holder.require_signature, holder.secret, request.headers, raw, now)
        except signature.BadSignature as failure:
            raise Refused(401, "bad_signature", failure) from failure
        delivery = await self._read(request, holder, raw, signed, now)
        self._admission.charge(holder.company_id, len(delivery.members), len(raw))
        answer = await self._submit(delivery)
        if answer.duplicate:
            self._admission.refund(holder.company_id, len(delivery.members), len(raw))
        elif answer.conflict:
            raise Refused(409, "id_reused", _ID_REUSED)
        elif answer.gone:
            raise Refused(401, "", _WRONG_KEY, _CHALLENGE)
        return _told(answer, delivery), ((b"x-alertwhisperer-delivery", _text(answer.delivery_id).encode()),)

    async def _read(
        self, request: Request, holder: Holder, raw: bytes, signed: signature.Signed, now: datetime
    ) -> Delivery:
        """Split the body into members; whatever is wrong with it becomes a member that says so."""
        assert holder.source is not None  # noqa: S101 - checked with the key
        source = holder.source
        sender_id, told = signed.sender_id, None
        parsed: Parsed | Unreadable
        try:
            # Masked only now: a signature covers the bytes as received, and a compressed body hides the key.
            plain = credentials.masked(bodies.inflate(raw), request.key)
        except bodies.TooLarge as failure:
            raise Refused(413, "too_large", failure) from failure
        except bodies.Unparsable as failure:
            plain = credentials.masked(raw, request.key)
            parsed = Unreadable("invalid_gzip", failure.what, failure.where, failure.mend)
        else:
            inbound = await self._inbound(request, holder, plain, signed.verified, now)
            if isinstance(inbound, Unreadable):
                parsed = inbound
            else:
                source = self._speaker(request, holder, inbound, signed.verified)
                await self._authenticate_tool(source, inbound)
                parsed = parse(source, inbound)
                told = request_text(inbound)
                if sender_id is None and not isinstance(parsed, Unreadable):
                    sender_id = source.delivery_id(inbound)
        members, actions = self._members(parsed, holder)
        identity = delivery_id_int(int(now.timestamp() * 1000)).to_bytes(16, "big")
        return Delivery(
            id=identity,
            company=holder.company,
            integration=holder.integration,
            source=source.slug,
            parser=source.version,
            settings_version=holder.version,
            received_at=now,
            sender=None if sender_id is None else sender_hash(sender_id, signed.verified),
            body_hash=None if sender_id is None else _digest(plain),
            signed=signed.verified,
            request=told,
            body=plain,
            members=members,
            actions=actions,
        )

    async def _inbound(
        self, request: Request, holder: Holder, plain: bytes, verified: bool, now: datetime
    ) -> Inbound | Unreadable:
        assert holder.source is not None  # noqa: S101 - checked with the key
        try:
            document = bodies.document(plain) if plain else None
        except bodies.Hostile as failure:
            raise Refused(400, "too_deep", failure) from failure
        except bodies.Unparsable as failure:
            return Unreadable("invalid_json", failure.what, failure.where, failure.mend)
        # What no signature covers may not change what a signed request means.
        wanted = () if verified else holder.source.reads_headers
        return Inbound(
            request.method,
            request.slug,
            {} if verified else credentials.without_key(request.query),
            {name: request.headers[name] for name in wanted if name in request.headers},
            plain,
            document,
            now,
            holder.settings,
        )

    def _speaker(self, request: Request, holder: Holder, inbound: Inbound, verified: bool) -> Source:
        """The source whose parser reads this: the integration's, or on the detecting path whichever knows the body."""
        assert holder.source is not None  # noqa: S101 - checked with the key
        if request.slug != DETECT or verified or holder.source.slug != "generic":
            return holder.source
        for source in self._sources.values():
            if source.detects(inbound):
                return source
        return holder.source

    async def _authenticate_tool(self, source: Source, inbound: Inbound) -> None:
        try:
            await source.authenticate(inbound, self._fetch)
        except Invalid as failure:
            raise Refused(403, "tool_signature", failure) from failure

    def _members(self, parsed: Parsed | Unreadable, holder: Holder) -> tuple[list[Member], list[AskedAction]]:
        members = members_of(parsed, holder.integration)
        if isinstance(parsed, Unreadable):
            return members, []
        context = integration_context(holder.company_id, holder.integration_id)
        actions = [
            AskedAction(one.kind, one.subject, self._vault.seal(_encode(one.data), context), one.approved)
            for one in parsed.actions
        ]
        return members, actions

    # -------------------------------------------------------------------------------------------- answers

    async def _answer_failure(self, failure: Exception, holder: Holder | None, send: Send) -> None:
        refused = _as_refused(failure)
        if holder is not None and refused.reason:
            self._refused(holder, refused.reason)
        self._metrics.requests.labels(outcome=refused.reason or "unauthenticated").inc()
        if refused.status >= 500 and refused.reason == "internal":
            _log.error("gateway.failed", exc_info=failure)
        problem = {
            "type": _PROBLEM + (refused.reason.replace("_", "-") or _KINDS.get(refused.status, "refused")),
            "title": _TITLES.get(refused.status, "Refused"),
            "status": refused.status,
            "detail": refused.what,
            "where": refused.where,
            "mend": refused.mend,
        }
        await _respond(send, refused.status, problem, refused.headers, b"application/problem+json")


def _as_refused(failure: Exception) -> Refused:
    if isinstance(failure, Refused):
        return failure
    if isinstance(failure, Temporary):
        guessing = "unknown keys" in str(failure)
        after = ((b"retry-after", str(max(1, round(failure.retry_after.total_seconds()))).encode()),)
        return Refused(
            429 if guessing else 503, "" if guessing else "temporary", Invalid(str(failure), mend=_AGAIN), after
        )
    if isinstance(failure, Invalid):
        status = 403 if isinstance(failure, Forbidden) else 409 if isinstance(failure, Conflicting) else 400
        return Refused(status, "", failure)
    if isinstance(failure, Permanent):
        return Refused(503, "internal", Invalid("the delivery could not be stored", mend=_AGAIN), _RETRY)
    return Refused(503, "internal", Invalid("something failed on our side; nothing was stored", mend=_AGAIN), _RETRY)


def _read_head(scope: MutableMapping[str, Any]) -> Request:
    path: str = scope["path"]
    rest = DETECT if path == _ALIAS else path.removeprefix(PREFIX)
    slug, _, path_key = rest.strip("/").partition("/")
    headers: dict[str, str] = {}
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1").strip()
        if name in headers and headers[name] != value and name in _SINGLE:
            raise Refused(400, "", Invalid(f"the header {name} is there twice", where=name, mend="send it once"))
        headers[name] = value
    query: dict[str, str] = {}
    if scope["query_string"]:
        try:
            pairs = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True, max_num_fields=200)
        except ValueError as failure:
            many = Invalid("the query has too many fields", where="query", mend="send what you mean in the body")
            raise Refused(400, "", many) from failure
        for name, value in pairs:
            if name in credentials.QUERY_NAMES and query.get(name, value) != value:
                two = credentials.TwoKeys("the query has two API keys", where=name, mend="send the key in one place")
                raise Refused(400, "", two)
            query.setdefault(name, value)
    client = scope.get("client")
    length = headers.get("content-length", "")
    return Request(
        scope["method"],
        slug or DETECT,
        path_key or None,
        query,
        headers,
        client[0] if client else "",
        int(length) if length.isdecimal() and len(length) < 20 else None,
    )


def _check_method(request: Request, source: Source) -> None:
    if request.method not in source.methods:
        allowed = ", ".join(source.methods)
        wrong = Invalid(f"the webhook does not take {request.method[:20]}", where="method", mend=f"use {allowed}")
        raise Refused(405, "", wrong, ((b"allow", allowed.encode()),))


async def _body(request: Request, receive: Receive) -> bytes:
    try:
        return await bodies.read(receive, request.length)
    except bodies.TooLarge as failure:
        raise Refused(413, "too_large", failure) from failure


def _check_source(request: Request, source: Source | None, holder: Holder) -> None:
    """The key's integration must be of the source that the path names."""
    if holder.source is None or (source is not None and source is not holder.source):
        raise Refused(403, "wrong_source", _wrong_source(request.slug, holder))
    if source is None:
        _check_method(request, holder.source)


def _key_in_body(raw: bytes, field: str) -> Any:
    if len(raw) > _MOST_KEYED_BODY:
        return None
    try:
        document = bodies.document(bodies.inflate(raw))
    except Invalid:
        return None
    return document.get(field) if isinstance(document, dict) else None


def _told(answer: Answer, delivery: Delivery) -> dict[str, Any]:
    told: dict[str, Any] = {
        "delivery_id": _text(answer.delivery_id),
        "status": answer.status.word,
        "occurrences": answer.occurrences,
    }
    if answer.duplicate:
        told["duplicate"] = True
    if answer.status is DeliveryStatus.QUARANTINED:
        unit = delivery.members[0].told
        if isinstance(unit, Unreadable):
            told["problem"] = {"reason": unit.reason, "detail": unit.what, "where": unit.where, "mend": unit.mend}
    return told


def _wrong_source(slug: str, holder: Holder) -> Invalid:
    if holder.source is None:
        return Invalid("the integration's source is not known to this version", where="path", mend=_SOURCES_MEND)
    return Invalid(
        f"the key belongs to an integration of another source than {slug[:40]!r}",
        where="path",
        mend=f"post to {PREFIX}{holder.source.slug}, or add an integration of the source you need",
    )


async def _respond(
    send: Send,
    status: int,
    document: dict[str, Any],
    headers: tuple[tuple[bytes, bytes], ...],
    kind: bytes = b"application/json",
) -> None:
    body = _encode(document)
    await send(
        {
            "type": "http.response.start",
            "status": status,
            "headers": [(b"content-type", kind), (b"content-length", str(len(body)).encode()), *headers],
        }
    )
    await send({"type": "http.response.body", "body": body})


def sender_hash(sender_id: str, verified: bool) -> bytes:
    """
    The hash that a sender's id is known by.

    Signed and unsigned ids never meet: an unsigned request with a guessed id cannot take a signed one's place.
    """
    return _digest((b"signed:" if verified else b"unsigned:") + sender_id.encode("utf-8", "replace"))


def _digest(data: bytes) -> bytes:
    return blake2b(data, digest_size=16).digest()


def _text(identifier: bytes) -> str:
    return str(UUID(bytes=identifier))


_SINGLE = frozenset({"x-api-key", "authorization", *signature.HEADERS})
_CHALLENGE = ((b"www-authenticate", b'Basic realm="Alert Whisperer"'),)
_RETRY = ((b"retry-after", b"1"),)
_AGAIN = "send it again in a moment"
_SOURCES_MEND = "GET /api/sources lists the sources"
_WRONG_KEY = Invalid("the API key is not known", where="X-API-Key", mend="copy the key that `integration add` printed")
_OVER_LIMIT = Invalid("the company's limit is reached", where="company", mend="wait as Retry-After says, or raise it")
_ID_REUSED = Invalid(
    "this delivery id was used for another body", where="X-Delivery-Id", mend="give each delivery an id of its own"
)
_PROBLEM = "urn:alertwhisperer:problem:"
_KINDS = {
    400: "malformed",
    401: "unauthenticated",
    403: "forbidden",
    404: "not-found",
    405: "method-not-allowed",
    409: "conflict",
    413: "too-large",
    429: "rate-limited",
    503: "temporary",
}
_TITLES = {
    400: "Bad request",
    401: "Not authenticated",
    403: "Not allowed",
    404: "Not found",
    405: "Method not allowed",
    409: "Conflict",
    413: "Too large",
    429: "Too many requests",
    503: "Try again",
}
