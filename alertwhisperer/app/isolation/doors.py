"""
Walks every route of the API as each of one company's people, with their own ids and with the other's.

Routes, and the bodies that they take, are read from the server's own OpenAPI document, so that a new one is walked
without being named here.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import httpx

from alertwhisperer.app.isolation.report import Finding
from alertwhisperer.app.isolation.sides import Side
from alertwhisperer.domain.user import Role

_METHODS = ("get", "post", "put", "patch", "delete")
_ENDS_SOMETHING = frozenset({"/api/session", "/api/sessions", "/api/tokens/{token_id}", "/api/sessions/{session_id}"})
"""Deleting these would end the walk: one's own token is not to be revoked on the way."""
_WORDS: Mapping[str, object] = {
    "email": "nobody@example.org",
    "name": "requests_per_minute",
    "version": 1,
    "group": str(UUID(int=7)),
    "slug": "none",
    "token": "none",
}
"""What paths name that is no company's own."""
_DEEPEST = 6


@dataclass(slots=True)
class Walk:
    """What came of walking: `findings` is empty when nothing of the other was shown or taken."""

    doors: int = 0
    opened: int = 0
    requests: int = 0
    findings: list[Finding] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Route:
    """A route of the document; `body` is the schema that it takes, None when it takes none."""

    method: str
    path: str
    query: tuple[str, ...]
    body: Mapping[str, Any] | None

    @property
    def name(self) -> str:
        """For people."""
        return f"{self.method.upper()} {self.path}"


async def walk(client: httpx.AsyncClient, own: Side, other: Side) -> Walk:
    """Walk everything as the people of `own`, looking for `other`."""
    document = (await client.get("/api/openapi.json")).json()
    schemas = document["components"]["schemas"]
    done = Walk()
    for route in routes_of(document):
        done.doors += 1
        opened = False
        for role, token in own.tokens.items():
            for path, query, body, foreign in _attempts(route, schemas, own, other):
                done.requests += 1
                answer = await client.request(
                    route.method, path, params=query, json=body, headers={"Authorization": f"Bearer {token}"}
                )
                opened = opened or (not foreign and answer.status_code < 400)
                told = _judge(route, role, answer, other, foreign=foreign)
                if told is not None and told not in done.findings:
                    done.findings.append(told)
        done.opened += opened
    return done


def routes_of(document: Mapping[str, Any]) -> Iterator[Route]:
    """The routes of an OpenAPI document."""
    for path, operations in sorted(document["paths"].items()):
        for method in _METHODS:
            if method not in operations or (method == "delete" and path in _ENDS_SOMETHING):
                continue
            told = operations[method]
            content = told.get("requestBody", {}).get("content", {})
            query = tuple(one["name"] for one in told.get("parameters", ()) if one["in"] == "query")
            yield Route(method, path, query, next((one.get("schema", {}) for one in content.values()), None))


def _attempts(
    route: Route, schemas: Mapping[str, Any], own: Side, other: Side
) -> Iterator[tuple[str, dict[str, str], Any, bool]]:
    """
    Path, query, body of each try, and whether the path names something of the other's.

    Own things with the other's ids in query and body; the other's things; the other's things under one's own company.
    """
    bodies = [_body(route.body, schemas, side) for side in (own, other)] if route.body is not None else [None]
    queries: list[dict[str, str]] = [{}]
    if identifying := [name for name in route.query if name.endswith("_id") or name in ("user", "company")]:
        queries.append({name: str(_id_of(other, name)) for name in identifying})
    for query in queries:
        for body in bodies:
            yield _filled(route.path, own), query, body, False
    if "_id}" in route.path:
        yield _filled(route.path, other), {}, bodies[0], True
        if "{company_id}" in route.path and route.path.count("_id}") > 1:
            yield _filled(route.path.replace("{company_id}", str(own.company_id)), other), {}, bodies[0], True


def _judge(route: Route, role: Role, answer: httpx.Response, other: Side, *, foreign: bool) -> Finding | None:
    if answer.status_code >= 500:
        return Finding("door", route.name, f"as {role.value}: answered {answer.status_code}")
    if foreign and answer.status_code < 400:
        return Finding(
            "door", route.name, f"as {role.value}: took the other company's id and answered {answer.status_code}"
        )
    shown = answer.text + str(answer.headers)
    if other.canary in shown:
        return Finding("door", route.name, f"as {role.value}: shows a text of the other company")
    sent = str(answer.request.url) + (answer.request.content or b"").decode(errors="replace")
    leaked = [one for one in other.all_ids if one in shown and one not in sent]
    if leaked:
        return Finding("door", route.name, f"as {role.value}: shows {len(leaked)} ids of the other company")
    return None


def _filled(path: str, side: Side) -> str:
    while "{" in path:
        name = path[path.index("{") + 1 : path.index("}")]
        value = _WORDS[name] if name in _WORDS else _id_of(side, name)
        path = path.replace(f"{{{name}}}", str(value))
    return path


def _id_of(side: Side, name: str) -> UUID:
    """A thing of the side under this name; a random id when it has none of this kind."""
    return side.ids.get(name) or side.ids.get(name.removesuffix("s")) or uuid4()


def _body(schema: Mapping[str, Any], schemas: Mapping[str, Any], side: Side, name: str = "", depth: int = 0) -> Any:
    """A value that fits a schema as well as can be told, whose ids are the side's."""
    if "$ref" in schema:
        schema = schemas[schema["$ref"].rsplit("/", 1)[-1]]
    for choice in ("anyOf", "oneOf", "allOf"):
        if choice in schema:
            return _body(schema[choice][0], schemas, side, name, depth + 1)
    if "enum" in schema:
        return schema["enum"][0]
    if depth > _DEEPEST:
        return None
    match schema.get("type"):
        case "object":
            return {key: _body(one, schemas, side, key, depth + 1) for key, one in schema.get("properties", {}).items()}
        case "array":
            return [_body(schema.get("items", {}), schemas, side, name.removesuffix("s"), depth + 1)]
        case "string":
            return str(_id_of(side, name)) if schema.get("format") == "uuid" else _text(schema, name, side)
        case "integer" | "number":
            return schema.get("minimum", 1)
        case "boolean":
            return False
    return None


def _text(schema: Mapping[str, Any], name: str, side: Side) -> str:
    if schema.get("format") == "date-time":
        return "2030-01-01T00:00:00Z"
    if name in ("email", "assignee", "to"):
        return side.emails[0]
    return "x" * max(3, int(schema.get("minLength", 1)))
