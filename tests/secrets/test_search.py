"""
The search through a run's records finds what leaks, wherever and however it is planted, and nothing else.

One small run is recorded: a server and commands that make, show, use, refuse and change secrets of every kind.
"""

from __future__ import annotations

import base64
import json
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pyotp
import pytest

from tests.cli.conftest import Shell
from tests.database import Migrated, any_server, run_apart
from tests.recording import keep_rows, recording
from tests.secrets.recorder import KEPT, SHOWN
from tests.secrets.search import find_leaks, forms_of, secrets_of
from tests.server import Server, bearer, on_database, serving

PASSWORD = "nobody guesses this one"
GIVEN = "a tool's own secret, given once"
ALERT = {"asset_name": "db-01", "signature": "disk full", "severity": "high", "message": "97%", "tool_source": "nagios"}


@pytest.fixture(scope="module")
def story() -> Iterator[Path]:
    """The records of a small run without a leak."""
    with recording() as told, any_server() as database:
        folder = Path(told["PYTHONPATH"].partition(":")[0])
        made = run_apart(database.create())
        try:
            place, environ = on_database(made), {"PYTHONPATH": told["PYTHONPATH"]}
            with serving(place, environ={**environ, "ALERTWHISPERER_LOG_LEVEL": "debug"}) as server:
                _live(server, Shell(place, **environ, ALERTWHISPERER_PORT=str(server.port)))
            run_apart(keep_rows(made.owner_dsn, folder))
        finally:
            run_apart(database.drop(made))
        yield folder


@pytest.fixture
def records(story: Path, tmp_path: Path) -> Path:
    """A copy of them, to plant something in."""
    return Path(shutil.copytree(story, tmp_path / "records"))


def _live(server: Server, shell: Shell) -> None:
    """Everything that makes, shows, uses, refuses or changes a secret."""
    company = shell.json("company", "add", "Acme")["id"]
    made = shell.json("integration", "add", "--company", company, "--source", "generic")
    shell.json("key", "add", "--company", company, "--integration", made["id"])
    shell.json("user", "add", "kim@example.org", "--role", "msp_admin")
    token = shell.json("token", "add", "--user", "kim@example.org")["token"]
    with httpx.Client(base_url=server.url, timeout=30, trust_env=False, headers={"Origin": server.url}) as http:
        _send(http, made)
        _manage(http, company, bearer(token))
        _sign_in(http, bearer(token))
    shell.json("audit", "list", "--company", company)
    shell.json("secrets", "rotate", "--notice", "0.1")


def _send(http: httpx.Client, made: dict[str, Any]) -> None:
    key = {"X-API-Key": made["api_key"]}
    assert http.post("/api/webhooks/generic", json=ALERT, headers=key).status_code == 202
    assert http.post("/api/webhooks/generic", json=ALERT, headers={"X-API-Key": "awk_of_nobody"}).status_code == 401
    wrong = {**key, "X-Signature": "sha256=" + "0" * 64, "X-Timestamp": "1700000000"}
    assert http.post("/api/webhooks/generic", json=ALERT, headers=wrong).status_code == 401
    inside = {**ALERT, "message": f"the sender leaked {made['api_key']} into its own text"}
    assert http.post(f"/api/webhooks/generic?api_key={made['api_key']}", json=inside).status_code == 202
    assert http.post("/api/webhooks/generic", content=b"{", headers=key).status_code in (202, 400, 422)


def _manage(http: httpx.Client, company: str, people: dict[str, str]) -> None:
    home = f"/api/companies/{company}/integrations"
    body = {"source": "sentry", "name": "Sentry", "settings": {"client_secret": GIVEN}}
    added = http.post(home, json=body, headers=people)
    assert added.status_code == 201, added.text
    one = f"{home}/{added.json()['id']}"
    assert http.get(one, headers=people).status_code == 200
    assert http.get(f"/api/companies/{company}/audit", headers=people).status_code == 200
    refused = http.patch(one, json={"settings": {"client_secret": [GIVEN]}}, headers=people)
    assert refused.status_code == 422


def _sign_in(http: httpx.Client, people: dict[str, str]) -> None:
    link = http.post("/api/users/kim@example.org/password-link", headers=people).json()["link"]
    secret = link.rpartition("/")[2]
    page = http.get(f"/password/{secret}")
    hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page.text))
    entered = http.post(f"/password/{secret}", data={**hidden, "password": PASSWORD, "again": PASSWORD})
    assert entered.status_code in (200, 303), entered.text
    http.cookies.clear()
    entered = http.post("/api/session", json={"email": "kim@example.org", "password": PASSWORD})
    assert entered.status_code == 200, entered.text
    writes = {"X-CSRF-Token": entered.json()["csrf_token"]}
    begun = http.post("/api/session/second-factor", headers=writes)
    assert begun.status_code == 201, begun.text
    code = pyotp.TOTP(begun.json()["secret"]).now()
    confirmed = http.post("/api/session/second-factor/confirm", json={"code": code}, headers=writes)
    assert confirmed.status_code == 200, confirmed.text
    assert http.post("/api/session", json={"email": "kim@example.org", "password": PASSWORD}).status_code == 200


def test_the_run_itself_leaks_nothing(story: Path) -> None:
    assert list(map(str, find_leaks(story))) == []


def test_secrets_of_every_kind_were_noted(story: Path) -> None:
    known = secrets_of(story)
    texts = {secret.decode("utf-8", "replace"): kind for secret, kind in known.items()}
    assert texts[GIVEN] == KEPT
    assert texts[PASSWORD] == SHOWN
    answers = "".join(file.read_text() for file in story.glob("answers-*"))
    printed = "".join(file.read_text() for file in story.glob("printed-*"))
    found = {text for text in texts if text in answers or text in printed}
    for beginning in ("awk_", "awt_", "awl_"):  # the first is made by the command and by the API
        assert any(f"{beginning}{text}" in answers + printed for text in found), beginning
    assert any(len(text) == 32 and text.isalnum() and text.isupper() for text in found), "no secret of an app"
    assert any(len(text) == 11 or text[5:6] == "-" for text in texts), "no recovery code"
    assert sum(kind == KEPT and len(secret) == 32 for secret, kind in known.items()) >= 3, "no key of the audit log"


def _secret(records: Path, kind: str) -> str:
    known = secrets_of(records)
    return next(text for secret, one in known.items() if one == kind and (text := _text(secret)) is not None)


def _text(secret: bytes) -> str | None:
    try:
        text = secret.decode("ascii")
    except UnicodeDecodeError:
        return None
    return text if text.isprintable() else None


def _into_a_row(records: Path, leaked: str) -> None:
    file = next(records.glob("stored-*-company.txt"))
    file.write_text(file.read_text() + f"…\t{leaked}\t…\n")


def _into_a_log(records: Path, leaked: str) -> None:
    (records / "log-1.txt").write_text(json.dumps({"event": "sign-in", "why": f"wrong: {leaked}"}))


def _into_two_answers(records: Path, leaked: str) -> None:
    line = json.dumps(["GET /api/keys", f"200\n{leaked}"]) + "\n"
    (records / "answers-1.jsonl").write_text(line * 2)


@pytest.mark.parametrize("plant", [_into_a_row, _into_a_log, _into_two_answers])
@pytest.mark.parametrize(
    "written",
    [
        lambda secret: secret,
        lambda secret: f"\\\\x00{secret.encode().hex()}00",
        lambda secret: base64.b64encode(secret.encode()).decode(),
        lambda secret: f"https://alerts.example/?next={secret}&x",
    ],
    ids=["as it is", "in bytes", "in base64", "in an address"],
)
def test_a_planted_leak_is_found_once(
    records: Path, plant: Callable[[Path, str], None], written: Callable[[str], str]
) -> None:
    secret = _secret(records, SHOWN)
    plant(records, written(secret))
    [*leaks] = find_leaks(records)
    assert leaks
    assert all(secret not in str(leak) for leak in leaks)  # the complaint itself tells nothing


def test_what_is_never_shown_may_not_be_in_a_single_answer(records: Path) -> None:
    (records / "answers-1.jsonl").write_text(json.dumps(["GET /api/x", f"200\n{_secret(records, KEPT)}"]) + "\n")
    [leak] = find_leaks(records)
    assert leak.what == "GET /api/x"


def test_a_key_in_bytes_is_found_in_every_writing(records: Path) -> None:
    key = next(secret for secret, kind in secrets_of(records).items() if kind == KEPT and _text(secret) is None)
    for name, form in forms_of(key):
        (records / "log-1.txt").write_bytes(b"key=" + form + b"\n")
        assert len(find_leaks(records)) == 1, name


async def test_a_secret_that_a_mutation_stores_is_found_in_the_dump(tmp_path: Path, migrated: Migrated) -> None:
    """From the row to the complaint: a token in the clear, in a column that nobody looks at."""
    token = "awt_" + "x1Y2z3" * 7
    (tmp_path / "secrets-1.jsonl").write_text(json.dumps([SHOWN, token.encode().hex()]) + "\n")
    owner = await asyncpg.connect(migrated.owner_dsn)
    try:
        await owner.execute("CREATE TABLE public.careless (said text)")
        await owner.execute("INSERT INTO careless VALUES ($1)", token)
        await keep_rows(migrated.owner_dsn, tmp_path)
    finally:
        await owner.execute("DROP TABLE public.careless")
        await owner.close()
    [leak] = find_leaks(tmp_path)
    assert leak.where.endswith("-careless.txt:1")
