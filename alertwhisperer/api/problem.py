"""Errors as RFC 9457 problem+json: what is wrong, where, and how to mend it; never an internal of ours."""

import json
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from math import ceil
from typing import Annotated, Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException

from alertwhisperer.domain.errors import Conflicting, Forbidden, Invalid, NotFound, Permanent, Temporary, Throttled

MEDIA_TYPE = "application/problem+json"
_MOST_ERRORS = 20  # of one request; more only repeat the first


class Problem(BaseModel):
    """What went wrong (RFC 9457)."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "type": "urn:alertwhisperer:problem:invalid",
                    "title": "Unprocessable Entity",
                    "status": 422,
                    "detail": "'hostname' is not a grouping field",
                    "where": "rules[web].group_by",
                    "mend": "use asset, signature, source, severity or labels.NAME",
                }
            ]
        }
    )

    type: Annotated[str, Field(description="names the kind of problem, for programs")]
    title: Annotated[str, Field(description="the status in words")]
    status: int
    detail: Annotated[str, Field(description="what is wrong, for people")]
    where: Annotated[str, Field(description="the field or header that is wrong; empty when the whole is meant")] = ""
    mend: Annotated[str, Field(description="what to do about it")] = ""


class Unauthenticated(Invalid):
    """Nobody we know is asking."""


class TooLarge(Invalid):
    """The request's body is larger than the door."""


class Malformed(Invalid):
    """The body is not what its content type says."""


_STATUS: tuple[tuple[type[Exception], int, str], ...] = (
    (Unauthenticated, 401, "unauthenticated"),
    (TooLarge, 413, "too-large"),
    (Malformed, 400, "malformed"),
    (NotFound, 404, "not-found"),
    (Forbidden, 403, "forbidden"),
    (Conflicting, 409, "conflict"),
    (Invalid, 422, "invalid"),
    (Throttled, 429, "throttled"),
    (Temporary, 503, "temporary"),
    (Permanent, 500, "permanent"),
)


def problem(status: int, kind: str, detail: str, *, where: str = "", mend: str = "") -> Problem:
    """What went wrong, as a part of an answer."""
    try:
        title = HTTPStatus(status).phrase
    except ValueError:
        title = "Error"
    return Problem(
        type=f"urn:alertwhisperer:problem:{kind}",
        title=title,
        status=status,
        detail=_printable(detail),
        where=_printable(where),
        mend=_printable(mend),
    )


def answer(
    status: int,
    kind: str,
    detail: str,
    *,
    where: str = "",
    mend: str = "",
    headers: Mapping[str, str] | None = None,
) -> Response:
    """A problem as a response."""
    return _answer(problem(status, kind, detail, where=where, mend=mend), headers)


def problem_of(failure: Exception) -> Problem:
    """One of our own errors as a problem."""
    for kind, status, slug in _STATUS:
        if isinstance(failure, kind):
            where, mend = getattr(failure, "where", ""), getattr(failure, "mend", "")
            return problem(status, slug, str(failure), where=where, mend=mend)
    return problem(500, "internal", "the server failed; its log says why")


def answer_error(failure: Exception) -> Response:
    """One of our own errors as a response."""
    return _answer(problem_of(failure), _headers(failure))


def install(app: FastAPI, methods_of: Callable[[str], Sequence[str]]) -> None:
    """
    Let every error of the application leave as a problem.

    Args:
        methods_of: the methods that a path takes; the framework's own answer names those of one route only.
    """

    async def on_http_error(request: Request, failure: Exception) -> Response:
        assert isinstance(failure, HTTPException)  # noqa: S101  # registered for it
        if failure.status_code != 405:
            return _answer_http_error(failure)
        methods = ", ".join(methods_of(request.url.path))
        return answer(
            405,
            "method-not-allowed",
            f"this path does not take {request.method}",
            where="method",
            mend=f"use {methods}",
            headers={"Allow": methods},
        )

    for kind, _, _ in _STATUS:
        app.add_exception_handler(kind, _on_own_error)
    app.add_exception_handler(RequestValidationError, _on_validation_error)
    app.add_exception_handler(HTTPException, on_http_error)
    app.add_exception_handler(Exception, _on_own_error)


def responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The problems that a route may answer, for its documentation; every route has those of the doorway."""
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {
        status: {"description": _MEANING[status], "content": content}
        for status in sorted({400, 401, 403, 413, 422, 500, 503, *statuses})
    }


_MEANING = {
    400: "The body is not JSON in UTF-8.",
    401: "No bearer token, or one that is not live.",
    403: "The role may not do this.",
    404: "Nothing here that this token may see.",
    409: "Does not fit the present state.",
    413: "The body is larger than 1 MB.",
    422: "A value is not allowed; `where` names it.",
    429: "Too many tries: wait for `Retry-After` seconds.",
    500: "The server failed; its log says why.",
    503: "Try again after `Retry-After` seconds.",
}


async def _on_own_error(request: Request, failure: Exception) -> Response:
    return answer_error(failure)


def _answer_http_error(failure: HTTPException) -> Response:
    """An error of the framework's own."""
    if failure.status_code == 404:
        return answer(404, "not-found", "there is no such path", where="path", mend="see /api/openapi.json")
    if failure.status_code == 400:
        return answer(400, "malformed", "the body is not JSON in UTF-8", where="body", mend="send valid JSON")
    return answer(failure.status_code, "http", str(failure.detail), headers=failure.headers)


async def _on_validation_error(request: Request, failure: Exception) -> Response:
    assert isinstance(failure, RequestValidationError)  # noqa: S101  # registered for it
    errors = list(failure.errors())
    first = errors[0]
    if first["type"] == "json_invalid":
        return answer(400, "malformed", "the body is not JSON", where="body", mend="send valid JSON in UTF-8")
    details = "; ".join(f"{_path(error['loc'])}: {error['msg']}" for error in errors[:_MOST_ERRORS])
    return answer(422, "invalid", details, where=_path(first["loc"]), mend="see /api/openapi.json")


def _path(place: Sequence[str | int]) -> str:
    """`body.rules[0].name` for ("body", "rules", 0, "name")."""
    text = ""
    for part in place:
        text += f"[{part}]" if isinstance(part, int) else f".{part[:100]}" if text else part[:100]
    return text


def _answer(said: Problem, headers: Mapping[str, str] | None) -> Response:
    return Response(
        json.dumps(said.model_dump(), ensure_ascii=False).encode(),
        status_code=said.status,
        media_type=MEDIA_TYPE,
        headers=dict(headers or {}),
    )


def _headers(failure: Exception) -> dict[str, str]:
    if isinstance(failure, Unauthenticated):
        return {"WWW-Authenticate": 'Bearer realm="alertwhisperer"'}
    if isinstance(failure, Temporary):
        return {"Retry-After": str(max(1, ceil(failure.retry_after.total_seconds())))}
    return {}


def _printable(text: str) -> str:
    """Lone surrogates, which a request's JSON can hold, are no UTF-8."""
    return text.encode("utf-8", "backslashreplace").decode()
