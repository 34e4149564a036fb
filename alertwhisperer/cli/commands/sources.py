"""`alertwhisperer sources`: the tools that can send, and what to set on their side. Needs no database."""

from typing import Annotated, Any

import typer

from alertwhisperer.app.build import all_sources
from alertwhisperer.cli import output, setup
from alertwhisperer.cli.acting import anybody
from alertwhisperer.cli.groups import single
from alertwhisperer.cli.house import AsJson
from alertwhisperer.domain.errors import NotFound
from alertwhisperer.sources.contract import Source

app = single()


@app.command(epilog="Example: alertwhisperer sources zabbix")
@anybody("it shows what the product can take")
def sources(
    slug: Annotated[str | None, typer.Argument(metavar="SLUG", help="Show this one whole.")] = None,
    as_json: AsJson = False,
) -> None:
    """List the monitoring tools that can send, or show one with its settings and its setup."""
    known = all_sources()
    if slug is None:
        _list(known.values(), as_json)
        return
    if slug not in known:
        raise NotFound(f"there is no source {slug!r}", where="SLUG", mend=f"use one of {', '.join(known)}")
    output.show_json(_fields(known[slug])) if as_json else _show(known[slug])


def _list(found: Any, as_json: bool) -> None:
    if as_json:
        output.show_list([_fields(one) for one in found])
        return
    output.show_table(
        ("slug", "tool", "key travels in", "settings"),
        ((one.slug, one.title, one.can_send, [setting.name for setting in one.settings]) for one in found),
        empty="None: the installation is broken.",
    )


def _show(source: Source) -> None:
    output.say(f"{source.title} ({source.docs})", "")
    print(setup.readable(source))
    for setting in source.settings:
        output.say(f"Setting {setting.name} (default {output.cell(setting.default)}): {setting.meaning}")


def _fields(source: Source) -> dict[str, Any]:
    """As the API shows it."""
    return {
        "slug": source.slug,
        "title": source.title,
        "docs": source.docs,
        "version": source.version,
        "setup": source.setup,
        "can_send": list(source.can_send),
        "settings": [{"name": one.name, "meaning": one.meaning, "default": one.default} for one in source.settings],
    }
