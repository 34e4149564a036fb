"""
Signing in by an identity provider: the way there, the way back, and the provider's word that somebody signed out there.

To begin is a link and no form: it changes nothing here, and browsers hold a form's redirect against the page's policy.
Linking an account of one's own is a form, whose answer is a page with that link.
"""

from collections.abc import Sequence
from typing import Annotated
from urllib.parse import parse_qsl

from fastapi import APIRouter, Depends, Query, Request, Response

from alertwhisperer.api.access import open_door
from alertwhisperer.api.cookies import Kind, jar_of, put_session, reader_of, refuse_owing
from alertwhisperer.api.desk import Desk, desk_of
from alertwhisperer.api.html.form import own_token, read_own_form
from alertwhisperer.api.html.page import Html, PageRoute, fill, go, join, local_path, moment, render, show, show_failure
from alertwhisperer.api.session import visitor_of
from alertwhisperer.domain.company import INSTALLATION, Scope
from alertwhisperer.domain.errors import AlertWhispererError, Invalid, NotFound, Temporary
from alertwhisperer.domain.identity import NotLetIn, Provider, Refusal
from alertwhisperer.guard.identity import flow, linking, providers
from alertwhisperer.guard.identity.admit import Visit, admit, refused
from alertwhisperer.guard.identity.logout import log_out
from alertwhisperer.guard.permissions import Action, require
from alertwhisperer.guard.sign_in import sessions, throttle
from alertwhisperer.guard.sign_in.sessions import SignedIn
from alertwhisperer.kit.ids import uuid7

router = APIRouter(route_class=PageRoute, include_in_schema=False)

_OPEN = open_door("a page: whoever is nobody yet signs in by it")
_OWN = open_door("a page: asks for a session itself, and leads to the sign-in page where there is none")
_PROVIDER = open_door("an identity provider says it, and signs what it says")
_Desk = Annotated[Desk, Depends(desk_of)]
_LONGEST_ANSWER = 8_000
_LONGEST_TOKEN = 100_000


def path_of(slug: str) -> str:
    """Where a sign-in by a provider begins."""
    return f"/sign-in/with/{slug}"


def redirect_uri(desk: Desk, slug: str) -> str:
    """Where a provider sends people back; to be registered there exactly so."""
    return f"{desk.public_url}{path_of(slug)}/callback"


@router.get("/sign-in/with/{slug}", dependencies=[_OPEN])
async def begin(
    slug: str, request: Request, desk: _Desk, next: Annotated[str, Query(max_length=1_000)] = ""
) -> Response:
    if await reader_of(request, desk) is not None:
        return go(local_path(next, desk.home))
    provider = await _provider(desk, slug)
    begun = await flow.begin(
        desk.vault,
        desk.issuers,
        provider,
        redirect_uri=redirect_uri(desk, slug),
        next_path=local_path(next, ""),
        now=desk.clock.now(),
    )
    answer = go(begun.url)
    jar_of(desk).put(answer, Kind.ATTEMPT, begun.cookie, flow.LASTS)
    return answer


@router.get("/sign-in/with/{slug}/callback", dependencies=[_OPEN])
async def come_back(slug: str, request: Request, desk: _Desk) -> Response:
    try:
        provider = await _provider(desk, slug)
        answer = await _let_in(request, desk, provider)
    except AlertWhispererError as failure:
        answer = show_failure(failure)
    jar_of(desk).drop(answer, Kind.ATTEMPT)
    return answer


@router.post("/sign-in/with/{slug}/logout", dependencies=[_PROVIDER])
async def log_out_there(slug: str, request: Request, desk: _Desk) -> Response:
    """OpenID Connect Back-Channel Logout: 200 when the sessions are over, 400 when the token is none."""
    now = desk.clock.now()
    body = await request.body()
    try:
        fields = dict(parse_qsl(body[:_LONGEST_TOKEN].decode("ascii"), max_num_fields=10))
        provider = await _provider(desk, slug)
        ip = visitor_of(request, desk).ip
        token = fields.get("logout_token", "")
        await log_out(desk.database, desk.vault, desk.issuers, provider, token, ip=ip, now=now)
    except Temporary:
        raise
    except (Invalid, ValueError):
        return Response(b'{"error":"invalid_request"}', 400, media_type="application/json")
    return Response(status_code=200)


@router.post("/account/identities/{slug}/link", dependencies=[_OWN])
async def begin_linking(slug: str, request: Request, desk: _Desk) -> Response:
    me = await reader_of(request, desk)
    if me is None:
        return go("/sign-in?next=/account")
    await read_own_form(request, desk, me)
    _require_self(desk, me)
    provider = await _provider(desk, slug)
    begun = await flow.begin(
        desk.vault,
        desk.issuers,
        provider,
        redirect_uri=redirect_uri(desk, slug),
        next_path="/account",
        now=desk.clock.now(),
        link_to=me.user.id,
        session=me.session.id,
    )
    answer = show("Link an account", render("identity_link", title=provider.title, url=begun.url))
    jar_of(desk).put(answer, Kind.ATTEMPT, begun.cookie, flow.LASTS)
    return answer


@router.post("/account/identities/{slug}/unlink", dependencies=[_OWN])
async def unlink(slug: str, request: Request, desk: _Desk) -> Response:
    me = await reader_of(request, desk)
    if me is None:
        return go("/sign-in?next=/account")
    await read_own_form(request, desk, me)
    _require_self(desk, me)
    now = desk.clock.now()
    by = sessions.signing_in(me.user, ip=visitor_of(request, desk).ip, trace_id=uuid7(now).hex)
    await linking.unlink_user(desk.database, by, me.user.email, slug, now=now)
    return go("/account?done=unlinked")


async def identities_form(desk: Desk, me: SignedIn) -> Html:
    """The part of the account's page about identity providers; empty when there is none."""
    linked = {provider.slug: identity for provider, identity in await linking.list_links(desk.database, me.user.id)}
    rows = []
    for provider in await _on(desk):
        identity = linked.get(provider.slug)
        since = Html("not linked") if identity is None else fill("linked since {at}", at=moment(identity.linked_at))
        verb = "link" if identity is None else "unlink"
        rows.append(
            render(
                "identity",
                title=provider.title,
                since=since,
                slug=provider.slug,
                verb=verb,
                shown=verb.capitalize(),
                token=own_token(me),
            )
        )
    return render("identities", rows=join(rows)) if rows else Html()


async def _let_in(request: Request, desk: Desk, provider: Provider) -> Response:
    """
    What the browser gets that came back.

    Raises:
        NotLetIn: with the reason.
        Throttled: too many failed before from this network.
    """
    visitor, now = visitor_of(request, desk), desk.clock.now()
    network = throttle.network_of(visitor.ip)
    buckets = [throttle.bucket(desk.vault, throttle.Kind.NETWORK, "identity", network)]
    await throttle.take(desk.database, buckets, now=now)  # each try is a call to the provider
    query = request.url.query
    try:
        finished = await flow.finish(
            desk.database,
            desk.vault,
            desk.issuers,
            provider,
            cookie=jar_of(desk).read(request, Kind.ATTEMPT),
            answer=_once(query) if len(query) <= _LONGEST_ANSWER else {},
            redirect_uri=redirect_uri(desk, provider.slug),
            now=now,
        )
    except NotLetIn as failure:
        await refused(desk.database, provider, None, failure.why, ip=visitor.ip, now=now)
        raise
    there = local_path(finished.attempt.next, desk.home)
    if finished.attempt.link_to is not None:
        answer = await _link(request, desk, provider, finished, there)
    else:
        visit = Visit(visitor.ip, visitor.browser, desk.entrance.limits)
        admitted = await admit(desk.database, desk.vault, provider, finished.proven, visit, now=now)
        answer = go(there)
        put_session(answer, desk, admitted.opened, now=now)
    async with desk.database.unit_of_work(Scope(INSTALLATION, "")) as unit:
        await throttle.give_back(unit, buckets)
    return answer


async def _link(request: Request, desk: Desk, provider: Provider, finished: flow.Finished, there: str) -> Response:
    me, now = await reader_of(request, desk), desk.clock.now()
    if me is None:
        raise NotLetIn(Refusal.NOT_BEGUN)
    by = sessions.signing_in(me.user, ip=visitor_of(request, desk).ip, trace_id=uuid7(now).hex)
    await linking.link_self(desk.database, desk.vault, by, provider, finished.proven, finished.attempt, me, now=now)
    return go(f"{there}?done=linked")


def _once(query: str) -> dict[str, str]:
    """The query's fields; one that is there twice is nobody's honest answer, and counts for nothing."""
    pairs = parse_qsl(query, keep_blank_values=True, max_num_fields=50)
    names = [name for name, _ in pairs]
    return {name: value for name, value in pairs if names.count(name) == 1}


def _require_self(desk: Desk, me: SignedIn) -> None:
    require(me.user, Action.SELF_SET, None)
    refuse_owing(me, desk)


async def _provider(desk: Desk, slug: str) -> Provider:
    """The provider of this slug; one that is off is not there."""
    provider = await providers.get_provider(desk.database, slug)
    if not provider.is_on:
        raise NotFound("there is no such way to sign in")
    return provider


async def _on(desk: Desk) -> Sequence[Provider]:
    return [one for one in await providers.list_providers(desk.database) if one.is_on]
