"""The ways to targets, and what each needs; forms are made of it."""

from typing import Annotated

from fastapi import APIRouter

from alertwhisperer.api.access import Caller, allow
from alertwhisperer.api.fields import Shown, example
from alertwhisperer.api.problem import responses
from alertwhisperer.executors.contract import Executor, Setting
from alertwhisperer.guard.permissions import Action
from alertwhisperer.remediate.ways import all_ways

router = APIRouter(prefix="/api/executors", tags=["remediation"])


class WayValueShown(Shown):
    """One thing to fill in; `secret` ones are never shown again."""

    name: str
    description: str
    required: bool
    secret: bool
    default: str
    pattern: str
    lines: bool


class ExecutorShown(Shown):
    """A way to targets."""

    model_config = example(
        {
            "slug": "ssh",
            "title": "SSH",
            "platforms": ["linux"],
            "setup": "Make an account on the target…",
            "binding": [],
            "credential": [],
        }
    )

    slug: str
    title: str
    platforms: list[str]
    setup: str
    binding: list[WayValueShown]
    credential: list[WayValueShown]


class ExecutorsShown(Shown):
    """All of them, in the order of their slugs."""

    items: list[ExecutorShown]
    next: None = None


@router.get("", summary="Ways to targets", responses=responses())
async def list_executors(_caller: Annotated[Caller, allow(Action.BINDING_READ)]) -> ExecutorsShown:
    return ExecutorsShown(items=[_show(one) for one in all_ways().values()])


def _show(executor: Executor) -> ExecutorShown:
    return ExecutorShown(
        slug=executor.slug,
        title=executor.title,
        platforms=sorted(executor.platforms),
        setup=executor.setup,
        binding=[_value(one) for one in executor.binding],
        credential=[_value(one) for one in executor.credential if not one.is_external_id],
    )


def _value(setting: Setting) -> WayValueShown:
    return WayValueShown(
        name=setting.name,
        description=setting.description,
        required=setting.required,
        secret=setting.secret,
        default=setting.default,
        pattern=setting.pattern,
        lines=setting.lines,
    )
