"""Puts the doors together: routers, errors, envelope, and a complete OpenAPI document."""

from functools import partial
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from alertwhisperer.api import (
    alerts,
    assets,
    audit,
    companies,
    company_settings,
    contacts,
    deliveries,
    edges,
    feeds,
    groups,
    health,
    incidents,
    integrations,
    kpis,
    ledger,
    mapping,
    onboarding,
    quarantine,
    routes,
    rules,
    silence,
    sites,
    sources,
    users,
)
from alertwhisperer.api.access import methods_of, refuse_undeclared
from alertwhisperer.api.desk import Desk
from alertwhisperer.api.envelope import Envelope
from alertwhisperer.api.problem import Problem, install

__all__ = ["OPENAPI_PATH", "Desk", "make_api"]

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
    incidents,
    deliveries,
    rules,
    assets,
    edges,
    sites,
    contacts,
    silence,
    quarantine,
    ledger,
    kpis,
    audit,
    users,
    sources,
    health,
)
_DESCRIPTION = (
    "Alerts of many tools, as few incidents, each with its reason. Send `Authorization: Bearer <token>`. Lists are "
    'pages: `{"items": […], "next": cursor}`. Errors are RFC 9457 problems. Times are RFC 3339, answered in UTC.'
)


def make_api(desk: Desk) -> FastAPI:
    """
    The application for people's doors.

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
    app.state.desk = desk
    app.add_middleware(Envelope)
    install(app, partial(methods_of, app))
    for noun in _NOUNS:
        app.include_router(noun.router)
    app.openapi = lambda: _document(app)  # type: ignore[method-assign]  # the framework's own way to extend it
    refuse_undeclared(app, exempt=frozenset({OPENAPI_PATH}))
    return app


def _document(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document, with the schema that all problems share; made once."""
    if app.openapi_schema is None:
        document = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
        schema = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
        document.setdefault("components", {}).setdefault("schemas", {})["Problem"] = schema
        app.openapi_schema = document
    return app.openapi_schema
