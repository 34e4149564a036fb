"""
The webhook's door: one raw ASGI application, from the request's bytes to a committed delivery and its answer.

Order matters: size before anything else, the key before anything that costs, the limit before the body is parsed, the
signature over the bytes as received, and nothing is answered before it is stored. Framework machinery would cost more
than all of this together.
"""

from collections.abc import Awaitable, Callable, Mapping, MutableMapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
import structlog

from alertwhisperer.domain.delivery import Answer, Delivery, Unreadable
from alertwhisperer.domain.errors import Invalid, NotFound
from alertwhisperer.ingest import body as bodies
from alertwhisperer.ingest import credentials, signature
from alertwhisperer.ingest.admission import Admission, Guesses
from alertwhisperer.ingest.body import Receive
from alertwhisperer.ingest.intake import Intake, OverLimit, Read
from alertwhisperer.ingest.keyring import Holder, Keyring
from alertwhisperer.ingest.reading import document_of, parse
from alertwhisperer.ingest.replies import (
    Headers,
    Refused,
    Send,
    answer_refusal,
    as_refused,
    id_text,
    respond,
    send_reply,
    told,
)
from alertwhisperer.ingest.request import DETECT, PREFIX, Paths, Request, read_head, wanted_headers
from alertwhisperer.ingest.routing import digest
from alertwhisperer.kit.clock import Clock
from alertwhisperer.kit.metrics import Metrics
from alertwhisperer.sources.contract import (
    OUR_WORDS,
    READS_HEADERS,
    Fetch,
    Inbound,
    Parsed,
    Reply,
    Source,
    Told,
    no_greeting,
)

Submit = Callable[[Sequence[Delivery]], Awaitable[list[Answer]]]
Heard = Callable[[Delivery, Parsed | Unreadable], None]

_MOST_KEYED_BODY = 512 * 1024  # a body that must be parsed before its key is known

_log = structlog.get_logger("gateway")
_encode = msgspec.json.encode


class _Read(Read, gc=False):
    """
    A request that was let in and understood.

    Attributes:
        deliveries: to be stored together; the last one is the request's own.
    """

    deliveries: list[Delivery] = msgspec.field(default_factory=list)


class Gateway:
    """
    ASGI application for webhooks.

    Args:
        submit: commits deliveries together and answers when they are durable.
        fetch: GET for sources that check their own signatures.
        refused: counts a refused request of a known integration, by reason.
        heard: told of each accepted delivery after its commit, so that silence can be noticed.
    """

    def __init__(
        self,
        *,
        sources: Mapping[str, Source],
        keyring: Keyring,
        admission: Admission,
        intake: Intake,
        clock: Clock,
        submit: Submit,
        fetch: Fetch,
        refused: Callable[[Holder, str], None],
        heard: Heard,
        metrics: Metrics,
    ) -> None:
        self._sources = sources
        self.paths = Paths(sources)
        self._every_header = tuple({name for source in sources.values() for name in source.reads_headers})
        self._keyring = keyring
        self._admission = admission
        self._guesses = Guesses(clock)
        self._intake = intake
        self._clock = clock
        self._submit = submit
        self._fetch = fetch
        self._refused = refused
        self._heard = heard
        self._metrics = metrics
        self._accepted = metrics.requests.labels(outcome="accepted")

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Serve one request; every outcome is an answer, none an exception."""
        request: Request | None = None
        source: Source | None = None
        holder: Holder | None = None
        try:
            request = read_head(scope, self.paths)
            source = self._source_named(request)
            if source is not None and await _greet(source, request, send):
                return
            # Nobody's body is read before it is known who sends it, unless the key may be inside.
            raw = await _body(request, receive) if source is not None and source.keys_in_body else None
            holder = await self._identify(request, source, raw)
            _check_source(request, source, holder)
            await self._admit(holder)
            if raw is None:
                raw = await _body(request, receive)
            await self._accept(request, holder, raw, send)
        except ConnectionError:
            return
        except Exception as failure:  # noqa: BLE001 - the door must answer whatever happens behind it
            await self._answer_failure(failure, request, source, holder, send)
            return
        self._accepted.inc()

    # -------------------------------------------------------------------------------------------- who is it?

    async def _identify(self, request: Request, source: Source | None, raw: bytes | None) -> Holder:
        body_keys = () if raw is None or source is None else _keys_in_body(raw, source.keys_in_body)
        try:
            key = credentials.find(request.headers, request.query, request.path_key, body_keys)
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
            raise _over_limit(holder, wait_s)

    # -------------------------------------------------------------------------------------------- what does it say?

    async def _accept(self, request: Request, holder: Holder, raw: bytes, send: Send) -> None:
        now = self._clock.now()
        try:
            signed = signature.check(holder.scheme, holder.require_signature, holder.secret, request.headers, raw, now)
        except signature.BadSignature as failure:
            raise Refused(401, "bad_signature", failure) from failure
        read = await self._read(request, holder, raw, signed, now)
        own = read.deliveries[-1]
        self._admission.charge(holder.company_id, len(own.members), len(raw))
        answers = await self._submit(read.deliveries)
        answer = answers[-1]
        if answer.duplicate:
            self._intake.refund(read.deliveries, len(raw))
        elif answer.conflict:
            raise Refused(409, "id_reused", _ID_REUSED)
        elif answer.gone:
            raise Refused(401, "", _WRONG_KEY, _CHALLENGE)
        else:
            self._heard(own, read.parsed)
        await _answer(send, read, answer)

    async def _read(
        self, request: Request, holder: Holder, raw: bytes, signed: signature.Signed, now: datetime
    ) -> _Read:
        """Split the body into members; whatever is wrong with it becomes a member that says so."""
        assert holder.source is not None  # noqa: S101 - checked with the key
        speaker, sender_id = holder.source, signed.sender_id
        parsed: Parsed | Unreadable
        try:
            # Masked only now: a signature covers the bytes as received, and a compressed body hides the key.
            plain = credentials.masked(bodies.inflate(raw), request.key)
        except bodies.TooLarge as failure:
            raise Refused(413, "too_large", failure) from failure
        except bodies.Unparsable as failure:
            plain = credentials.masked(raw, request.key)
            inbound = self._inbound(request, holder, plain, None, signed.verified, now)
            parsed = Unreadable("invalid_gzip", failure.what, failure.where, failure.mend)
        else:
            inbound = self._inbound(request, holder, plain, None, signed.verified, now)
            document = _document(holder.source, plain, inbound.headers)
            if isinstance(document, Unreadable):
                parsed = document
            else:
                inbound = msgspec.structs.replace(inbound, document=document)
                speaker = self._speaker(request, holder, inbound, signed.verified)
                await self._authenticate_tool(speaker, inbound, holder)
                parsed = parse(speaker, inbound)
                if sender_id is None and not isinstance(parsed, Unreadable):
                    sender_id = speaker.delivery_id(inbound)
        sender = None if sender_id is None else sender_hash(sender_id, signed.verified)
        read = _Read(inbound, speaker, parsed, sender, signed.verified)
        try:
            read.deliveries = await self._intake.deliveries(read, holder)
        except OverLimit as failure:
            raise _over_limit(holder, failure.wait_s) from failure
        return read

    def _inbound(
        self, request: Request, holder: Holder, plain: bytes, document: Any, verified: bool, now: datetime
    ) -> Inbound:
        assert holder.source is not None  # noqa: S101 - checked with the key
        # What no signature covers may not change what a signed request means.
        if verified:
            names: tuple[str, ...] = ()
        elif request.slug == DETECT and holder.source.slug == _ANY_TOOL:
            names = self._every_header
        else:
            names = holder.source.reads_headers
        if not verified and (more := holder.settings.get(READS_HEADERS.name)):
            names = (*names, *more)
        return Inbound(
            request.method,
            request.slug,
            {} if verified else credentials.without_key(request.query),
            wanted_headers(request.headers, names) if names else {},
            plain,
            document,
            now,
            holder.settings,
            request.tail,
        )

    def _speaker(self, request: Request, holder: Holder, inbound: Inbound, verified: bool) -> Source:
        """The source whose parser reads this: the integration's, or on the detecting path whichever knows the body."""
        assert holder.source is not None  # noqa: S101 - checked with the key
        if request.slug != DETECT or verified or holder.source.slug != _ANY_TOOL:
            return holder.source
        for source in self._sources.values():
            if source.detects(inbound):
                return source
        return holder.source

    async def _authenticate_tool(self, source: Source, inbound: Inbound, holder: Holder) -> None:
        if holder.secrets:
            inbound = msgspec.structs.replace(inbound, settings={**inbound.settings, **holder.secrets})
        try:
            await source.authenticate(inbound, self._fetch)
        except Invalid as failure:
            raise Refused(403, "tool_signature", failure) from failure

    # -------------------------------------------------------------------------------------------- answers

    async def _answer_failure(
        self, failure: Exception, request: Request | None, source: Source | None, holder: Holder | None, send: Send
    ) -> None:
        refused = as_refused(failure)
        if holder is not None and refused.reason:
            self._refused(holder, refused.reason)
        self._metrics.requests.labels(outcome=refused.reason or "unauthenticated").inc()
        if refused.status >= 500 and refused.reason == "internal":
            _log.error("gateway.failed", exc_info=failure)
        read = wanted_headers(request.headers, source.reads_headers) if request and source else {}
        await answer_refusal(send, refused, source, read)


async def _greet(source: Source, request: Request, send: Send) -> bool:
    """Whether the request carried nothing and was answered."""
    if source.greet is no_greeting:
        return False
    greeting = source.greet(request.method, wanted_headers(request.headers, source.reads_headers), request.query)
    if greeting is None:
        return False
    await send_reply(send, greeting, ())
    return True


async def _answer(send: Send, read: _Read, answer: Answer) -> None:
    own = read.deliveries[-1]
    headers: Headers = ((b"x-alertwhisperer-delivery", id_text(answer.delivery_id).encode()),)
    if len(read.deliveries) > 1 and not answer.duplicate:
        # The sender's alerts, wherever they went; what we said ourselves is not among them.
        answer.occurrences = len(own.members) + _routed_members(read)
    reply = _in_tools_words(read, answer)
    if reply is OUR_WORDS:
        await respond(send, 202, _encode(told(answer, own)), headers)
    else:
        await send_reply(send, reply, headers)


def _in_tools_words(read: _Read, answer: Answer) -> Reply:
    if read.speaker.reply is None:
        return OUR_WORDS
    delivery_id, parsed = id_text(answer.delivery_id), read.parsed
    if isinstance(parsed, Unreadable):
        said = Told(delivery_id, answer.occurrences, answer.duplicate, None, parsed.what)
    else:
        said = Told(delivery_id, answer.occurrences, answer.duplicate, parsed)
    try:
        return read.speaker.reply(read.inbound, said)
    except Exception as failure:  # noqa: BLE001 - it is stored: a refusal would be untrue, and have it sent again
        _log.error("reply.failed", source=read.speaker.slug, exc_info=failure)
        return OUR_WORDS


def _routed_members(read: _Read) -> int:
    own = read.deliveries[-1]
    return sum(len(one.members) for one in read.deliveries[:-1] if one.company != own.company)


def _document(source: Source, plain: bytes, headers: Mapping[str, str]) -> Any:
    try:
        return document_of(source, plain, headers)
    except bodies.Hostile as failure:
        raise Refused(400, "too_deep", failure) from failure
    except Invalid as failure:
        return Unreadable("invalid_json", failure.what, failure.where, failure.mend)


def _over_limit(holder: Holder, wait_s: float) -> Refused:
    status = holder.source.temporary_status if holder.source is not None else 429
    after = ((b"retry-after", str(max(1, round(wait_s + 0.5))).encode()),)
    return Refused(status, "rate_limited", _OVER_LIMIT, after)


def _check_method(request: Request, source: Source) -> None:
    if request.method not in source.methods and not (request.method == "OPTIONS" and source.greet is not no_greeting):
        allowed = ", ".join(source.methods)
        mend = f"use {allowed}" if allowed else "this source is a feed: it is looked at, and takes no webhooks"
        wrong = Invalid(f"the webhook does not take {request.method[:20]}", where="method", mend=mend)
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


def _keys_in_body(raw: bytes, fields: Sequence[str]) -> Sequence[Any]:
    if len(raw) > _MOST_KEYED_BODY:
        return ()
    try:
        document = bodies.document(bodies.inflate(raw))
    except Invalid:
        return ()
    return [document.get(field) for field in fields] if isinstance(document, dict) else ()


def _wrong_source(slug: str, holder: Holder) -> Invalid:
    if holder.source is None:
        return Invalid("the integration's source is not known to this version", where="path", mend=_SOURCES_MEND)
    return Invalid(
        f"the key belongs to an integration of another source than {slug[:40]!r}",
        where="path",
        mend=f"post to {PREFIX}{holder.source.slug}, or add an integration of the source you need",
    )


def sender_hash(sender_id: str, verified: bool) -> bytes:
    """
    The hash that a sender's id is known by.

    Signed and unsigned ids never meet: an unsigned request with a guessed id cannot take a signed one's place.
    """
    return digest((b"signed:" if verified else b"unsigned:") + sender_id.encode("utf-8", "replace"))


_ANY_TOOL = "generic"
"""The source whose integrations take whatever tool's body comes on the detecting path."""
_CHALLENGE = ((b"www-authenticate", b'Basic realm="Alert Whisperer"'),)
_SOURCES_MEND = "GET /api/sources lists the sources"
_WRONG_KEY = Invalid("the API key is not known", where="X-API-Key", mend="copy the key that `integration add` printed")
_OVER_LIMIT = Invalid("the company's limit is reached", where="company", mend="wait as Retry-After says, or raise it")
_ID_REUSED = Invalid(
    "this delivery id was used for another body", where="X-Delivery-Id", mend="give each delivery an id of its own"
)
