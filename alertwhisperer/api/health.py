"""Health and metrics, for whoever supervises the server: no tenant data, so no token."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Response

from alertwhisperer.api.access import open_door
from alertwhisperer.api.desk import Desk, desk_of
from alertwhisperer.api.fields import Shown, example
from alertwhisperer.api.problem import responses

router = APIRouter(tags=["health"])

_PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8"


class HealthShown(Shown):
    """All is well."""

    model_config = example({"status": "ok"})

    status: Literal["ok"] = "ok"


@router.get("/health/live", summary="The process runs", dependencies=[open_door("asked by supervisors")])
async def live() -> HealthShown:
    return HealthShown()


@router.get(
    "/health/ready",
    summary="Requests can be served",
    dependencies=[open_door("asked by load balancers")],
    responses={503: responses(503)[503]},
)
async def ready(desk: Annotated[Desk, Depends(desk_of)]) -> HealthShown:
    await desk.ready()
    return HealthShown()


@router.get(
    "/metrics",
    summary="Figures of the process, for Prometheus",
    dependencies=[open_door("scraped without a person; holds no tenant data")],
    response_class=Response,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}, "description": "Exposition format"}},
)
async def metrics(desk: Annotated[Desk, Depends(desk_of)]) -> Response:
    return Response(desk.metrics(), media_type=_PROMETHEUS)
