"""The command line lets people in, sees where they are signed in, and keeps them out."""

from collections.abc import Iterator

import httpx
import pytest

from tests.cli.conftest import Shell
from tests.server import Place, Server, bearer, serving

NEW = "five other words in a row"
CHEAP = {"ALERTWHISPERER_PASSWORD_MEMORY_MIB": "8", "ALERTWHISPERER_PASSWORD_PASSES": "1"}


@pytest.fixture(scope="module")
def server(place: Place) -> Iterator[Server]:
    """A running server on the same data."""
    with serving(place, environ=CHEAP) as running:
        yield running


@pytest.fixture
def shell(place: Place, server: Server) -> Shell:
    """A command line beside it."""
    return Shell(place, ALERTWHISPERER_PORT=str(server.port), **CHEAP)


def set_password(client: httpx.Client, link: str, password: str) -> httpx.Response:
    """Open a link and fill its form."""
    page = client.get(link)
    assert page.status_code == 200, page.text
    token = page.text.partition('name="form" value="')[2].partition('"')[0]
    return client.post(link, data={"form": token, "password": password, "again": password})


def test_from_an_invitation_to_being_kept_out(shell: Shell, server: Server) -> None:
    email = "invited@example.org"
    made = shell.json("user", "invite", email, "--role", "msp_admin")
    assert made["link"].startswith(f"{server.url}/invitation/awl_")
    with httpx.Client(headers={"Origin": server.url}, trust_env=False) as client:
        assert set_password(client, made["link"], NEW).status_code == 303
        token = shell.json("token", "add", "--user", email)["token"]
        me = client.get(f"{server.url}/api/session").json()
        assert (me["email"], me["id"]) == (email, made["user_id"])

        [listed] = shell.json("user", "sessions", email)["items"]
        [by_api] = httpx.get(f"{server.url}/api/users/{email}/sessions", headers=bearer(token), trust_env=False).json()[
            "items"
        ]
        assert listed == by_api
        assert listed["how"] == "link"
        assert "127.0.0.1" in shell.run("user", "sessions", email).out

        assert shell.json("user", "end-sessions", email, "--why", "lost phone") == {"ended": 1}
        assert client.get(f"{server.url}/api/session").status_code == 401
        assert shell.run("user", "sessions", email).out.strip() == "Signed in nowhere."

        link = shell.run("user", "reset-password", email).out.splitlines()[0]
        assert link.startswith(f"{server.url}/password/awl_")
        assert set_password(client, link, NEW + "!").status_code == 303
    refused = shell.run("user", "remove-second-factor", email)
    assert (refused.code, "no second factor" in refused.err) == (1, True)


def test_nobody_is_told_of_as_such(shell: Shell) -> None:
    for command in ("reset-password", "sessions", "end-sessions", "remove-second-factor"):
        answered = shell.run("user", command, "nobody@example.org")
        assert (answered.code, "no user with this e-mail" in answered.err) == (1, True), command
