"""`alertwhisperer serve`: the server, and on request a company to play with."""

import asyncio
import shlex
import signal
import socket
import sys
from collections.abc import Iterator
from typing import Annotated

import typer
import uvloop

from alertwhisperer.app.build import House, open_house
from alertwhisperer.app.entrance import entrance_of
from alertwhisperer.app.serve import serve as run_server
from alertwhisperer.app.settings import Settings
from alertwhisperer.cli import output
from alertwhisperer.cli.acting import anybody, operator
from alertwhisperer.cli.demo.company import ADMIN, Demo, ensure_demo
from alertwhisperer.cli.groups import single
from alertwhisperer.cli.house import AsJson, DataDir, reachable, settings_of
from alertwhisperer.domain.company import INSTALLATION, Scope
from alertwhisperer.domain.errors import Invalid
from alertwhisperer.guard.sign_in.first_admin import FirstAdmin, make_first_admin

app = single()

_CONNECTIONS = 8  # for people's doors; the webhook's lanes have their own


@app.command(epilog="Example: alertwhisperer serve --demo-company --port 8080")
@anybody("it runs the server, as whoever runs the machine")
def serve(
    data_dir: DataDir = None,
    host: Annotated[
        str | None,
        typer.Option("--host", help="Where to listen; else as ALERTWHISPERER_HOST says, else 127.0.0.1."),
    ] = None,
    port: Annotated[
        int | None,
        typer.Option("--port", "-p", min=1, max=65535, help="As ALERTWHISPERER_PORT says when absent, else 8080."),
    ] = None,
    demo_company: Annotated[
        bool, typer.Option("--demo-company", help="Make a company to play with, unless it is there.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Run the server until Ctrl-C. It is ready when /health/ready answers 200."""
    settings = settings_of(data_dir, host=host, port=port)
    _check_free(settings)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(settings, demo_company=demo_company, as_json=as_json))


async def _serve(settings: Settings, *, demo_company: bool, as_json: bool) -> None:
    async with open_house(settings, connections=_CONNECTIONS) as house:
        first = await make_first_admin(
            house.database,
            entrance_of(settings).passwords,
            Scope(INSTALLATION, operator()),
            settings.admin_email,
            now=house.clock.now(),
        )
        demo = await ensure_demo(house) if demo_company else None
        # The server stops by itself on both, and then sends itself the signal again: the house must still be closed.
        signal.signal(signal.SIGINT, lambda *_: None)
        signal.signal(signal.SIGTERM, lambda *_: None)
        await run_server(house, lambda: _greet(house, first, demo, as_json))
    if not as_json:
        output.say("Stopped; everything that was acknowledged is stored.")


def _greet(house: House, first: FirstAdmin | None, demo: Demo | None, as_json: bool) -> None:
    """Said once, when the doors are open; a password and a token are shown the one time that they exist in clear."""
    url = house.settings.url
    if as_json:
        company = None if demo is None else {"id": demo.company.id, "token": demo.token}
        admin = None if first is None else {"email": first.email, "password": first.password}
        output.show_json({"url": url, "first_admin": admin, "demo_company": company})
    else:
        output.say("", f"Alert Whisperer serves {url} (data: {_place(house.settings)}). Ctrl-C stops it.")
        if first is not None:
            output.say("", f"Sign in: {url}/sign-in as {first.email}, password {first.password}")
            output.say("The password is shown this once, and is good for choosing your own.", "")
        if demo is not None:
            _greet_demo(demo, house.settings)
    sys.stdout.flush()


def _greet_demo(demo: Demo, settings: Settings) -> None:
    output.say(f"Company {demo.company.name!r} is {demo.company.id}.")
    if demo.token is not None:
        output.say(f"Token of {ADMIN} for the API, shown this once: {demo.token}")
        output.say(f"  curl -H 'Authorization: Bearer {demo.token}' {settings.url}/api/companies")
    output.say("", "Next, in another terminal:", f"  {shlex.join([sys.argv[0], 'demo', *_told(settings)])}", "")


def _told(settings: Settings) -> Iterator[str]:
    """The options by which another shell finds this server, where its own settings would not."""
    usual = Settings()
    if settings.data_dir != usual.data_dir and not settings.database_url:
        yield from ("--data-dir", str(settings.data_dir))
    if (settings.host, settings.port) != (usual.host, usual.port):
        yield from ("--url", reachable(settings))


def _place(settings: Settings) -> str:
    return "the server that DATABASE_URL names" if settings.database_url else str(settings.data_dir)


def _check_free(settings: Settings) -> None:
    """Say that the port is taken before anything is started; raises `Invalid`."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((settings.host, settings.port))
        except OSError as failure:
            raise Invalid(
                f"cannot listen on {settings.host}:{settings.port}: {failure.strerror}",
                where="--host, --port",
                mend="stop what listens there, or choose another port: --port 8081",
            ) from failure
