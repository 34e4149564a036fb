"""Identity providers by script: what each command answers."""

import json
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from tests.cli.conftest import Shell
from tests.vendors.issuer import Issuer


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    """An issuer on loopback."""
    with Issuer().served() as started:
        yield started


def test_a_provider_by_script(shell: Shell, issuer: Issuer, tmp_path: Path) -> None:
    slug, secret = f"s-{uuid4().hex[:8]}", tmp_path / "secret.txt"
    secret.write_text("the secret of the client\n")
    group = shell.json("group", "add", f"Retail {slug}")
    company = shell.json("company", "add", "Acme")
    rules = [
        "--rule", f"group='NOC team' role=technician company={company['id']} company-group='Retail {slug}'",
        "--rule", "person=kim@example.org role=msp_admin",
    ]  # fmt: skip
    common = ["--issuer", issuer.url, "--client-id", "us", "--secret-file", str(secret)]
    made = shell.json("identity", "add", slug, "--kind", "okta", "--title", "Okta", *common, *rules)
    assert made["redirect_uri"].endswith(f"/sign-in/with/{slug}/callback")
    assert made["client_auth"] == "client_secret_basic"
    first, second = made["settings"]["rules"]
    assert (first["on"], first["value"], first["role"]) == ("group", "NOC team", "technician")
    assert (first["companies"], first["company_groups"]) == ([company["id"]], [group["id"]])
    assert (second["on"], second["role"]) == ("person", "msp_admin")
    assert [one["slug"] for one in shell.json("identity", "list")["items"] if one["slug"] == slug] == [slug]
    changed = shell.json("identity", "set", slug, "--off", "--setting", 'required_claims={"hd": ["example.org"]}')
    assert (changed["is_on"], changed["settings"]["required_claims"]) == (False, {"hd": ["example.org"]})
    assert changed["settings"]["rules"] == [first, second], "what is not given stays"
    assert "the secret of the client" not in json.dumps([made, changed, shell.json("identity", "show", slug)])
    shown = shell.run("identity", "show", slug)
    assert "NOC team" in shown.out
    refused = shell.run("identity", "test", slug)
    assert (refused.code, "not public" in refused.err) == (1, True), "loopback is nobody's provider"
    allowed = shell.with_settings(ALERTWHISPERER_OUTBOUND_NETWORKS="127.0.0.0/8")
    assert allowed.json("identity", "test", slug)["keys"] == 3
    token = shell.json("identity", "directory-token", slug)
    assert token["token"].startswith("awd_")
    assert shell.json("identity", "show", slug)["has_directory_token"]
    assert shell.json("identity", "directory-token", slug, "--end")["token"] is None
    email = f"{uuid4().hex}@example.org"
    shell.json("user", "add", email, "--role", "msp_admin")
    assert shell.json("identity", "link", email, slug, "--subject", "00u1")["subject"] == "00u1"
    assert [one["provider"] for one in shell.json("identity", "links", email)["items"]] == [slug]
    assert [one["subject"] for one in shell.json("identity", "people", slug)["items"]] == ["00u1"]
    assert shell.run("identity", "link", email, slug, "--subject", "00u2").code == 1
    shell.json("identity", "unlink", email, slug)
    assert shell.json("identity", "links", email) == {"items": []}
    assert shell.json("identity", "remove", slug, "--yes") == {"unlinked": 0}
    assert shell.run("identity", "show", slug).code == 1


@pytest.mark.parametrize("rule", ["techs", "group=", "group=a role=b role=c", "company=msp", "color=red", "group='a"])
def test_a_rule_that_is_none_says_how_to_write_one(shell: Shell, rule: str) -> None:
    answered = shell.run(
        "identity", "add", "x", "--issuer", "https://login.example.org", "--client-id", "us", "--rule", rule
    )
    assert answered.code == 1
    assert "--rule" in answered.err


def test_nobody_without_a_password_can_break_the_glass(shell: Shell) -> None:
    email = f"{uuid4().hex}@example.org"
    shell.json("user", "add", email, "--role", "msp_admin")
    answered = shell.run("identity", "break-glass", email)
    assert (answered.code, "has a password" in answered.err) == (1, True)
    assert shell.json("identity", "break-glass") == {"email": None}
