"""`alertwhisperer permissions`: the permission table, as the code asks it."""

from typing import Annotated

import typer

from alertwhisperer.cli import output
from alertwhisperer.cli.acting import anybody
from alertwhisperer.cli.groups import single
from alertwhisperer.cli.house import AsJson
from alertwhisperer.domain.user import Role
from alertwhisperer.guard.permissions import PERMISSIONS

app = single()


@app.command(epilog="Example: alertwhisperer permissions --role technician")
@anybody("everybody may know the rules")
def permissions(
    role: Annotated[Role | None, typer.Option("--role", help="Only what this role may do.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show who may do what, and why; what is not listed may nobody do."""
    rows = [(action, rule) for action, rule in PERMISSIONS.items() if role is None or role in rule.roles]
    if as_json:
        output.show_list(
            [
                {"action": action.value, "reach": rule.reach, "roles": sorted(rule.roles), "why": rule.why}
                for action, rule in rows
            ]
        )
        return
    output.show_table(
        ("action", "who", "why"),
        ((action.value, sorted(rule.roles), rule.why) for action, rule in rows),
        empty="This role may do nothing.",
    )
