"""Puts the doors together: routers, errors, envelope, and a complete OpenAPI document."""

from functools import partial
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from alertwhisperer.api import (
    alerts,
    approvals,
    around,
    arrivals,
    assets,
    attention,
    audit,
    aws,
    baseline,
    bindings,
    board,
    brakes,
    companies,
    company_settings,
    contacts,
    credentials,
    deliveries,
    edges,
    erasures,
    executors,
    feeds,
    groups,
    handover,
    health,
    identities,
    identity_providers,
    incidents,
    integrations,
    invitations,
    kpis,
    ledger,
    mapping,
    on_call,
    on_call_changes,
    on_call_feeds,
    on_call_schedules,
    onboarding,
    permissions,
    promises,
    push,
    quarantine,
    report_schedules,
    reports,
    routes,
    rules,
    run_policy,
    runbooks,
    runs,
    scim,
    search,
    session,
    sessions,
    silence,
    sites,
    sources,
    tokens,
    users,
    views,
    windows,
)
from alertwhisperer.api.access import methods_of, refuse_undeclared
from alertwhisperer.api.desk import Desk
from alertwhisperer.api.envelope import Envelope
from alertwhisperer.api.html import account, identity, links, sign_in
from alertwhisperer.api.packing import Packing
from alertwhisperer.api.problem import Problem, install

__all__ = ["OPENAPI_PATH", "Desk", "assemble", "make_api"]

OPENAPI_PATH = "/api/openapi.json"

_NOUNS = (
    onboarding,  # before companies, whose path would take `export` for an id
    companies,
    groups,
    company_settings,
    integrations,
    mapping,
    feeds,
    routes,
    alerts,
    around,  # before incidents, whose path would take `activity` for an id
    incidents,
    attention,
    promises,
    board,
    handover,
    on_call,
    on_call_schedules,
    on_call_changes,
    on_call_feeds,
    search,
    deliveries,
    rules,
    runbooks,
    assets,
    edges,
    sites,
    contacts,
    executors,
    credentials,
    bindings,
    aws,
    silence,
    windows,
    quarantine,
    ledger,
    kpis,
    reports,
    report_schedules,
    baseline,
    approvals,
    runs,
    run_policy,
    arrivals,
    brakes,
    erasures,
    audit,
    session,
    sessions,
    invitations,
    users,
    views,
    tokens,
    permissions,
    push,
    identity_providers,
    identities,
    sources,
    health,
    sign_in,
    identity,
    links,
    account,
    scim,
)
_DESCRIPTION = (
    "Alerts of many tools, as few incidents, each with its reason. Send `Authorization: Bearer <token>`. Lists are "
    'pages: `{"items": […], "next": cursor}`. Errors are RFC 9457 problems. Times are RFC 3339, answered in UTC.'
)
_COOKIE = (
    "Set by `POST /api/session`; `__Host-alertwhisperer` where the address is https. Writes by it carry the session's "
    "`csrf_token` as `X-CSRF-Token`."
)


def make_api(desk: Desk) -> FastAPI:
    """
    The application for people's doors.

    Raises:
        TypeError: a route declares no action.
    """
    app = assemble(secure=desk.public_url.startswith("https://"))
    app.state.desk = desk
    return app


def assemble(*, secure: bool) -> FastAPI:
    """
    The routes without anything behind them, which is enough to say what they are.

    Args:
        secure: whether the address is https.

    Raises:
        TypeError: a route declares no action.
    """
    # No page with scripts from elsewhere: the document is enough, and works without the Internet.
    app = FastAPI(
        title="Alert Whisperer",
        version="1",
        description=_DESCRIPTION,
        openapi_url=OPENAPI_PATH,
        docs_url=None,
        redoc_url=None,
        generate_unique_id_function=lambda route: route.name,
    )
    app.add_middleware(Packing)
    app.add_middleware(Envelope, secure=secure)
    install(app, partial(methods_of, app))
    for noun in _NOUNS:
        app.include_router(noun.router)
    app.openapi = lambda: _document(app)  # type: ignore[method-assign]  # the framework's own way to extend it
    refuse_undeclared(app, exempt=frozenset({OPENAPI_PATH}))
    return app


def _offer_sessions(document: dict[str, Any]) -> None:
    """Wherever a token is taken, the cookie of a session is; which routes those are, the token says already."""
    cookie = {"type": "apiKey", "in": "cookie", "name": "alertwhisperer", "description": _COOKIE}
    document["components"].setdefault("securitySchemes", {})["session"] = cookie
    for methods in document["paths"].values():
        for operation in methods.values():
            if operation.get("security") == [{"token": []}]:
                operation["security"].append({"session": []})


def _document(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document, with the schema that all problems share; made once."""
    if app.openapi_schema is None:
        document = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
        schema = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
        parts = document.setdefault("components", {})
        parts.setdefault("schemas", {})["Problem"] = schema
        _offer_sessions(document)
        app.openapi_schema = document
    return app.openapi_schema
