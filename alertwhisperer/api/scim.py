"""
The door of identity providers' directories: SCIM 2.0 (RFC 7644), as much of it as Entra ID and Okta use.

A directory shows the token of its provider, which opens nothing else here; it sees what it wrote itself.
"""

from collections.abc import Callable, Coroutine, Mapping
from typing import Annotated, Any
from uuid import UUID

import msgspec
from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute

from alertwhisperer.api.access import open_door
from alertwhisperer.api.desk import Desk, desk_of
from alertwhisperer.api.problem import Unauthenticated, answer_error
from alertwhisperer.domain.directory import DirectoryGroup, DirectoryUser
from alertwhisperer.domain.errors import AlertWhispererError, Invalid, NotFound
from alertwhisperer.domain.identity import Provider
from alertwhisperer.guard.identity import directory
from alertwhisperer.guard.identity.scim_words import read_filter

MEDIA_TYPE = "application/scim+json"
PREFIX = "/scim/v2"

_CORE = "urn:ietf:params:scim:schemas:core:2.0:"
_MESSAGES = "urn:ietf:params:scim:api:messages:2.0:"
_WORDS = frozenset(
    {"invalidFilter", "tooMany", "uniqueness", "mutability", "invalidSyntax", "invalidPath", "noTarget", "invalidValue"}
)
_OPEN = open_door("an identity provider's directory shows the provider's own token, which opens nothing else")
_Desk = Annotated[Desk, Depends(desk_of)]
_Start = Annotated[int, Query(alias="startIndex")]
_Count = Annotated[int, Query()]
_Filter = Annotated[str, Query(max_length=1_000)]


class ScimRoute(APIRoute):
    """A route whose failures are errors as SCIM writes them."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The framework's way to wrap a route."""
        inner = super().get_route_handler()

        async def handled(request: Request) -> Response:
            try:
                return await inner(request)
            except AlertWhispererError as failure:
                return _failure(failure)
            except RequestValidationError:
                return _failure(NotFound("there is no such resource"))

        return handled


router = APIRouter(prefix=PREFIX, route_class=ScimRoute, include_in_schema=False, dependencies=[_OPEN])


async def caller(request: Request, desk: _Desk) -> Provider:
    """
    The provider whose directory calls.

    Raises:
        Unauthenticated: it shows no token of one.
    """
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    provider = await directory.provider_of_token(desk.database, desk.vault, token.strip())
    if scheme.lower() != "bearer" or provider is None:
        raise Unauthenticated("a provider's directory token is needed")
    return provider


_Caller = Annotated[Provider, Depends(caller)]


@router.get("/ServiceProviderConfig")
async def show_config(provider: _Caller) -> Response:
    no = {"supported": False}
    return _answer(
        {
            "schemas": [f"{_CORE}ServiceProviderConfig"],
            "patch": {"supported": True},
            "bulk": {**no, "maxOperations": 0, "maxPayloadSize": 0},
            "filter": {"supported": True, "maxResults": directory.MOST_SHOWN},
            "changePassword": no,
            "sort": no,
            "etag": no,
            "authenticationSchemes": [
                {
                    "type": "oauthbearertoken",
                    "name": "Bearer token",
                    "description": "`alertwhisperer identity directory-token` makes one",
                }
            ],
        }
    )


@router.get("/ResourceTypes")
async def list_types(provider: _Caller) -> Response:
    return _list([_type(name) for name in ("User", "Group")], 2, 1)


@router.get("/Schemas")
async def list_schemas(provider: _Caller) -> Response:
    return _list([_schema(name) for name in _ATTRIBUTES], len(_ATTRIBUTES), 1)


@router.get("/Users")
async def find_users(
    desk: _Desk, provider: _Caller, filter: _Filter = "", start: _Start = 1, count: _Count = 100
) -> Response:
    skip, limit = _page(start, count)
    wanted = read_filter(filter) if filter else None
    total, found = await directory.find_users(desk.database, provider, wanted, skip=skip, limit=limit)
    return _list([_user(one, desk) for one in found], total, skip + 1)


@router.post("/Users")
async def add_user(request: Request, desk: _Desk, provider: _Caller) -> Response:
    user = await directory.add_user(desk.database, provider, await _body(request), now=desk.clock.now())
    return _answer(_user(user, desk), status=201)


@router.get("/Users/{scim_id}")
async def show_user(scim_id: UUID, desk: _Desk, provider: _Caller) -> Response:
    return _answer(_user(await directory.get_user(desk.database, provider, scim_id), desk))


@router.put("/Users/{scim_id}")
async def replace_user(scim_id: UUID, request: Request, desk: _Desk, provider: _Caller) -> Response:
    given, now = await _body(request), desk.clock.now()
    return _answer(_user(await directory.replace_user(desk.database, provider, scim_id, given, now=now), desk))


@router.patch("/Users/{scim_id}")
async def patch_user(scim_id: UUID, request: Request, desk: _Desk, provider: _Caller) -> Response:
    given, now = await _body(request), desk.clock.now()
    return _answer(_user(await directory.patch_user(desk.database, provider, scim_id, given, now=now), desk))


@router.delete("/Users/{scim_id}")
async def delete_user(scim_id: UUID, desk: _Desk, provider: _Caller) -> Response:
    await directory.delete_user(desk.database, provider, scim_id, now=desk.clock.now())
    return Response(status_code=204)


@router.get("/Groups")
async def find_groups(
    desk: _Desk, provider: _Caller, filter: _Filter = "", start: _Start = 1, count: _Count = 100
) -> Response:
    skip, limit = _page(start, count)
    wanted = read_filter(filter) if filter else None
    total, found = await directory.find_groups(desk.database, provider, wanted, skip=skip, limit=limit)
    return _list([_group(one, desk) for one in found], total, skip + 1)


@router.post("/Groups")
async def add_group(request: Request, desk: _Desk, provider: _Caller) -> Response:
    group = await directory.add_group(desk.database, provider, await _body(request), now=desk.clock.now())
    return await _shown_group(desk, provider, group.id, status=201)


@router.get("/Groups/{scim_id}")
async def show_group(
    scim_id: UUID, desk: _Desk, provider: _Caller, without: Annotated[str, Query(alias="excludedAttributes")] = ""
) -> Response:
    return await _shown_group(desk, provider, scim_id, members="members" not in without.split(","))


@router.put("/Groups/{scim_id}")
async def replace_group(scim_id: UUID, request: Request, desk: _Desk, provider: _Caller) -> Response:
    await directory.replace_group(desk.database, provider, scim_id, await _body(request), now=desk.clock.now())
    return await _shown_group(desk, provider, scim_id)


@router.patch("/Groups/{scim_id}")
async def patch_group(scim_id: UUID, request: Request, desk: _Desk, provider: _Caller) -> Response:
    await directory.patch_group(desk.database, provider, scim_id, await _body(request), now=desk.clock.now())
    return Response(status_code=204)


@router.delete("/Groups/{scim_id}")
async def delete_group(scim_id: UUID, desk: _Desk, provider: _Caller) -> Response:
    await directory.delete_group(desk.database, provider, scim_id, now=desk.clock.now())
    return Response(status_code=204)


async def _body(request: Request) -> Mapping[str, Any]:
    try:
        return msgspec.json.decode(await request.body(), type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as failure:
        raise Invalid("the body is no JSON object", where="invalidSyntax") from failure


async def _shown_group(
    desk: Desk, provider: Provider, scim_id: UUID, *, members: bool = True, status: int = 200
) -> Response:
    group, inside = await directory.get_group(desk.database, provider, scim_id)
    listed = {"members": [{"value": str(one)} for one in inside]} if members else {}
    return _answer({**_group(group, desk), **listed}, status=status)


def _page(start: int, count: int) -> tuple[int, int]:
    """Rows to skip and to show; counted from one, and out of range is the nearest in range, as the standard says."""
    return min(max(start, 1) - 1, 1_000_000), min(max(count, 0), directory.MOST_SHOWN)


def _user(user: DirectoryUser, desk: Desk) -> dict[str, Any]:
    shown: dict[str, Any] = {"schemas": [f"{_CORE}User"], "id": str(user.id), "userName": user.user_name}
    if user.external_id:
        shown["externalId"] = user.external_id
    if user.display_name:
        shown["displayName"] = user.display_name
    if user.email:
        shown["emails"] = [{"value": user.email, "type": "work", "primary": True}]
    return {**shown, "active": user.is_active, "meta": _meta("User", user, desk)}


def _group(group: DirectoryGroup, desk: Desk) -> dict[str, Any]:
    shown = {"schemas": [f"{_CORE}Group"], "id": str(group.id), "displayName": group.display_name}
    if group.external_id:
        shown["externalId"] = group.external_id
    return {**shown, "meta": _meta("Group", group, desk)}


def _meta(kind: str, one: DirectoryUser | DirectoryGroup, desk: Desk) -> dict[str, str]:
    return {
        "resourceType": kind,
        "created": one.created_at.isoformat(),
        "lastModified": one.changed_at.isoformat(),
        "location": f"{desk.public_url}{PREFIX}/{kind}s/{one.id}",
    }


def _type(name: str) -> dict[str, Any]:
    return {
        "schemas": [f"{_CORE}ResourceType"],
        "id": name,
        "name": name,
        "endpoint": f"/{name}s",
        "schema": f"{_CORE}{name}",
    }


_ATTRIBUTES: Mapping[str, Mapping[str, tuple[str, bool]]] = {
    "User": {
        "userName": ("string", False),
        "externalId": ("string", False),
        "displayName": ("string", False),
        "emails": ("complex", True),
        "active": ("boolean", False),
    },
    "Group": {"displayName": ("string", False), "externalId": ("string", False), "members": ("complex", True)},
}
"""What is kept of each, with its type and whether it has many values."""


def _schema(name: str) -> dict[str, Any]:
    attributes = [
        {
            "name": one,
            "type": kind,
            "multiValued": many,
            "required": one == ("userName" if name == "User" else "displayName"),
            "caseExact": one == "externalId",
            "mutability": "readWrite",
            "returned": "default",
            "uniqueness": "server" if one == "userName" else "none",
        }
        for one, (kind, many) in _ATTRIBUTES[name].items()
    ]
    return {"schemas": [f"{_CORE}Schema"], "id": f"{_CORE}{name}", "name": name, "attributes": attributes}


def _list(resources: list[dict[str, Any]], total: int, start: int) -> Response:
    return _answer(
        {
            "schemas": [f"{_MESSAGES}ListResponse"],
            "totalResults": total,
            "startIndex": start,
            "itemsPerPage": len(resources),
            "Resources": resources,
        }
    )


def _failure(failure: AlertWhispererError) -> Response:
    """An error as SCIM writes it, with the status that it has elsewhere; what is wrong with a value is 400 here."""
    problem = answer_error(failure)
    status = 400 if problem.status_code == 422 else problem.status_code
    shown = {"schemas": [f"{_MESSAGES}Error"], "status": str(status), "detail": str(failure)}
    word = getattr(failure, "where", "")
    answer = _answer({**shown, "scimType": word} if word in _WORDS else shown, status=status)
    for name in ("retry-after", "www-authenticate"):
        if name in problem.headers:
            answer.headers[name] = problem.headers[name]
    return answer


def _answer(document: Mapping[str, Any], *, status: int = 200) -> Response:
    return Response(msgspec.json.encode(document), status, media_type=MEDIA_TYPE)
