"""Credentials, bindings and the client's role by script; no secret is printed or stands in a command."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Shell
from tests.peers.sshd import a_key
from tests.server import Server

PRINCIPAL = "arn:aws:iam::999988887777:role/alertwhisperer-server"


@pytest.fixture
def company(served: Shell, request: pytest.FixtureRequest) -> str:
    """A fresh one."""
    made: str = served.json("company", "add", request.node.name)["id"]
    return made


def test_an_asset_is_bound_with_a_credential_from_a_file(served: Shell, company: str, tmp_path: Path) -> None:
    private, public = a_key()
    (tmp_path / "key").write_text(private)
    (tmp_path / "host.pub").write_text(public)
    mine = ("--company", company)
    served.json("asset", "add", "db-01", *mine)
    words = ("credential", "add", "servers", "--executor", "ssh", "--value", f"private_key=@{tmp_path}/key", *mine)
    kept = served.json(*words)
    assert kept["fields"] == ["private_key"]
    given = ("address=10.0.0.5", "user=aw", f"host_key=@{tmp_path}/host.pub")
    settings = [word for one in given for word in ("--set", one)]
    bound = served.json("asset", "bind", "db-01", "--executor", "ssh", "--credential", "servers", *settings, *mine)
    assert bound["credential_id"] == kept["id"]
    assert served.json("asset", "binding", "db-01", *mine) == bound
    (tmp_path / "key").write_text(a_key()[0])
    turned = served.json("credential", "rotate", "servers", "--value", f"private_key=@{tmp_path}/key", *mine)
    assert turned["rotated_at"] is not None
    listed = served.run("credential", "list", *mine)
    assert "servers" in listed.out
    assert "PRIVATE KEY" not in listed.out
    refused = served.run("credential", "remove", "servers", *mine)
    assert refused.code == 1
    assert "unbind" in refused.err
    served.json("asset", "unbind", "db-01", *mine)
    assert served.json("credential", "remove", "servers", *mine)["removed"] is True
    assert served.json("credential", "list", *mine)["items"] == []


@pytest.mark.parametrize("value", ["private_key", "=x", "private_key=@/nonexistent/key"])
def test_a_value_that_cannot_be_read_is_said_so(served: Shell, company: str, value: str) -> None:
    refused = served.run("credential", "add", "x", "--executor", "ssh", "--value", value, "--company", company)
    assert refused.code == 1
    assert "NAME=VALUE" in refused.err or "cannot be read" in refused.err


def test_the_clients_role_is_printed_to_be_applied(served: Shell, server: Server, company: str) -> None:
    assert served.json("aws", "show", company) == {"external_id": "", "roles": []}
    printed = served.run("aws", "template", company, "--principal", PRINCIPAL)
    assert printed.code == 0
    role = json.loads(printed.out)["Resources"]["Role"]["Properties"]
    external_id = role["AssumeRolePolicyDocument"]["Statement"][0]["Condition"]["StringEquals"]["sts:ExternalId"]
    told = served.json("aws", "template", company, "--principal", PRINCIPAL, "--format", "terraform")
    assert told["external_id"] == external_id
    assert external_id in told["text"]
    assert served.json("aws", "patches", company)["items"] == []
    assert served.run("aws", "check", company, "--credential", "nothing").code == 1
