"""A secret setting, once given, is read nowhere again: no answer, refusal, log, audit entry or row holds it."""

import base64
from collections.abc import Iterator

import asyncpg
import httpx
import pytest

from alertwhisperer.app.build import House
from tests.cli.conftest import Shell
from tests.ingest.front import Front, front_of
from tests.server import Place, Server, bearer, serving

SOURCE, SECRET = "sentry", "client_secret"


@pytest.fixture(scope="module")
def talkative(place: Place) -> Iterator[Server]:
    """A server that logs all it can."""
    with serving(place, environ={"ALERTWHISPERER_LOG_LEVEL": "debug"}) as running:
        yield running


@pytest.fixture
async def front(talkative: Server, house: House) -> Front:  # type: ignore[misc]
    """A company's senders at that server's door."""
    async with httpx.AsyncClient(base_url=talkative.url, timeout=30, trust_env=False) as client:
        yield await front_of(house, client)


async def everything_stored(house: House) -> str:
    """All rows of all tables, as text."""
    connection = await asyncpg.connect(house.owner_dsn)
    try:
        tables = await connection.fetch(
            "SELECT c.oid::regclass::text AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
            " WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND NOT c.relispartition"
        )
        found = []
        for table in tables:
            found += [row["told"] for row in await connection.fetch(f"SELECT t::text AS told FROM {table['name']} t")]  # noqa: S608 - the catalogue's own names
    finally:
        await connection.close()
    return "\n".join(found)


def forms(secret: str) -> list[str]:
    """A secret as it is, as hexadecimal bytes, and in base64."""
    return [secret, secret.encode().hex(), base64.b64encode(secret.encode()).decode()]


async def test_a_secret_setting_is_nowhere_to_be_read(front: Front, talkative: Server, place: Place) -> None:
    given = [f"{n}-hunter2-{front.company_id.hex}" for n in range(8)]
    answers: list[str] = []
    people = bearer(front.token)
    home = f"/api/companies/{front.company_id}/integrations"

    async def ask(method: str, path: str, status: int, json: object = None) -> httpx.Response:
        answer = await front.client.request(method, path, headers=people, json=json)
        assert answer.status_code == status, answer.text
        answers.append(answer.text)
        return answer

    added = await ask("POST", home, 201, {"source": SOURCE, "name": "Sentry", "settings": {SECRET: given[0]}})
    one = f"{home}/{added.json()['id']}"
    await ask("PATCH", one, 200, {"settings": {SECRET: given[1]}})
    await ask("PATCH", one, 422, {"settings": {SECRET: [given[2]]}})
    await ask("PATCH", one, 422, {"settings": {SECRET: given[2], "other": given[2]}})
    await ask("PATCH", one, 422, {"settings": {SECRET: f"{given[2]}\n" * 4_000}})
    await ask("PATCH", one, 422, {"settings": given[2]})
    await ask("PATCH", one, 422, {"settings": {SECRET: {"$sealed": given[2]}}})
    draft = {"sample": {"body": "{}"}, "settings": {SECRET: given[3]}}
    await ask("POST", f"{one}/trial", 200, draft)
    shell = Shell(place, ALERTWHISPERER_LOG_LEVEL="debug")
    identity = added.json()["id"]
    for words in (
        ("set", identity, "--company", str(front.company_id), "--setting", f"{SECRET}={given[4]}"),
        ("set", identity, "--company", str(front.company_id), "--setting", f'{SECRET}=["{given[5]}"]'),
        ("list", "--company", str(front.company_id), "--json"),
        ("show", identity, "--company", str(front.company_id), "--json"),
        ("show", identity, "--company", str(front.company_id)),
    ):
        told = shell.run("integration", *words)
        answers += [told.out, told.err]
    assert "***" in "".join(answers)
    for path in (home, one, f"{one}/versions", f"/api/companies/{front.company_id}/audit"):
        await ask("GET", path, 200)
    await ask("POST", f"{one}/versions/1/restore", 200)
    key = {"X-API-Key": added.json()["api_key"]}
    for headers in (key, {**key, "sentry-hook-signature": "0" * 64}):
        refused = await front.client.post(f"/api/webhooks/{SOURCE}", json={"action": "created"}, headers=headers)
        assert refused.status_code == 403, refused.text
        answers.append(refused.text)
    answers.append((await front.client.get("/metrics")).text)

    stored, logged = await everything_stored(front.house), talkative.log.read_text(errors="replace")
    for secret in given:
        for form in forms(secret):
            assert form not in stored
            assert form not in logged
            assert all(form not in answer for answer in answers)


async def test_a_sealed_value_of_somebody_elses_is_refused(front: Front) -> None:
    people = bearer(front.token)
    home = f"/api/companies/{front.company_id}/integrations"
    body = {"source": SOURCE, "name": "Sentry", "settings": {SECRET: {"$sealed": "AAAA"}}}
    assert (await front.client.post(home, headers=people, json=body)).status_code == 422
    body["settings"] = {SECRET: "a secret of a few words"}
    made = (await front.client.post(home, headers=people, json=body)).json()
    answer = await front.client.patch(
        f"{home}/{made['id']}", headers=people, json={"settings": {SECRET: {"$sealed": ["x"]}}}
    )
    assert answer.status_code == 422
