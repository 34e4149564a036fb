"""The tools that can send to us, and how each is set up."""

from typing import Annotated, Any

from fastapi import APIRouter

from alertwhisperer.api.access import Caller, allow
from alertwhisperer.api.fields import Shown, example
from alertwhisperer.api.problem import responses
from alertwhisperer.guard.permissions import Action
from alertwhisperer.sources.contract import Source

router = APIRouter(prefix="/api/sources", tags=["sources"])


class SettingShown(Shown):
    """A setting that an integration of the source has."""

    name: str
    meaning: str
    default: Any


class SourceShown(Shown):
    """A monitoring tool that can send."""

    model_config = example(
        {
            "slug": "zabbix",
            "title": "Zabbix",
            "docs": "https://www.zabbix.com/documentation/current/en/manual/config/notifications/media/webhook",
            "version": 1,
            "setup": "Import the media type …",
            "can_send": ["header"],
            "settings": [],
        }
    )

    slug: str
    title: str
    docs: str
    version: int
    setup: str
    can_send: list[str]
    settings: list[SettingShown]


class SourcesShown(Shown):
    """All of them, in the order of their slugs."""

    items: list[SourceShown]
    next: None = None


@router.get("", summary="Tools that can send", responses=responses())
async def list_sources(caller: Annotated[Caller, allow(Action.INTEGRATION_READ)]) -> SourcesShown:
    return SourcesShown(items=[_show(source) for _, source in sorted(caller.desk.sources.items())])


def _show(source: Source) -> SourceShown:
    return SourceShown(
        slug=source.slug,
        title=source.title,
        docs=source.docs,
        version=source.version,
        setup=source.setup,
        can_send=list(source.can_send),
        settings=[SettingShown(name=one.name, meaning=one.meaning, default=one.default) for one in source.settings],
    )
