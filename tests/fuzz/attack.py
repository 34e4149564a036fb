"""
Attacks on a running server, with what must hold after each.

`Signed`: whoever changes a valid signed request, but lacks the secret, gets a refusal or nothing but what the request
says anyway. `Damaged`: whatever a tool's request becomes on its way, it is answered, never by a 5xx, and the books are
right.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode
from uuid import UUID, uuid4

import httpx

from alertwhisperer.app.build import House
from alertwhisperer.domain.company import CompanyId, Scope
from alertwhisperer.sources.contract import Source, no_authentication
from alertwhisperer.store import deliveries
from tests.database import Migrated
from tests.fuzz.cases import Case, samples_of
from tests.fuzz.changes import Change
from tests.fuzz.wire import Heard, Raw, ask
from tests.server import Sender, Server, bearer, house_of, new_company, new_sender, new_token, on_database, serving

# CloudWatch's certificates are fetched from AWS: here from a port that nobody listens on.
_NOBODY = {"ALERTWHISPERER_OUTBOUND_RESOLVE": "sns.eu-west-1.amazonaws.com=127.0.0.1:9"}
_AT_A_TIME = 16
_BOOKS = ("deliveries_accepted", "received", "new")


@dataclass(frozen=True, slots=True)
class Target:
    """A running server, the house behind it, and an admin's eyes on it."""

    server: Server
    runner: asyncio.Runner
    house: House
    client: httpx.Client

    def ledger(self, company_id: CompanyId) -> dict[str, Any]:
        """A company's books."""
        return self._get(f"/api/companies/{company_id}/ledger")

    def verify(self, company_id: CompanyId) -> None:
        """Fail when a company's counters are not what its rows say."""
        verified = self._get(f"/api/companies/{company_id}/ledger/verification")
        assert verified["agrees"], verified

    def stored(self, company_id: CompanyId, delivery_id: str) -> bytes:
        """The raw body of a delivery."""

        async def read() -> bytes:
            async with self.house.database.unit_of_work(Scope(company_id, "test")) as unit:
                body = await deliveries.body(unit, UUID(delivery_id))
            assert body is not None
            return body.body

        return self.runner.run(read())

    def _get(self, path: str) -> dict[str, Any]:
        answer = self.client.get(path)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found


@contextmanager
def target_on(migrated: Migrated) -> Iterator[Target]:
    """A server on a database, and everything beside it, for as long as the block lasts."""
    place = on_database(migrated)
    with serving(place, environ=_NOBODY) as server, asyncio.Runner() as runner:
        opening = house_of(place, connections=2)
        house = runner.run(opening.__aenter__())
        try:
            token = runner.run(new_token(house))
            with httpx.Client(base_url=server.url, headers=bearer(token), timeout=30, trust_env=False) as client:
                yield Target(server, runner, house, client)
        finally:
            runner.run(opening.__aexit__(None, None, None))


class Signed:
    """Changes of a signed request. Counts what became of them."""

    def __init__(self, target: Target) -> None:
        self._target = target
        company = target.runner.run(new_company(target.house, "Acme"))
        other = target.runner.run(new_company(target.house, "Other"))
        make = target.runner.run
        self._sender = make(new_sender(target.house, company.id, "generic", require_signature=True))
        self._stranger = make(new_sender(target.house, other.id, "generic", require_signature=True))
        self._lax = make(new_sender(target.house, company.id, "zabbix"))
        for sender in (self._sender, self._stranger, self._lax):  # a key seen once is nobody's guess any more
            assert ask(target.server.url, _request(sender, b"[]", "warm-up")).status == 202
        self.refused = self.same = 0

    @property
    def stolen(self) -> Sequence[bytes]:
        """What an attacker may know and try elsewhere."""
        senders = (self._sender, self._stranger, self._lax)
        return [
            *(one.api_key.encode() for one in senders),
            *(b"Bearer " + one.api_key.encode() for one in senders),
            *(str(one.company_id).encode() for one in senders),
            *(dict(_request(one, b"{}", "other").headers)[b"X-Signature"] for one in senders),
        ]

    def try_changed(self, changes: Sequence[Change]) -> None:
        """Send a changed request, then the right one; together they must have the effect of the right one alone."""
        target, company_id = self._target, self._sender.company_id
        identifier = uuid4().hex
        body = json.dumps({"asset_name": identifier, "signature": "disk full", "message": "97% used"}).encode()
        right = _request(self._sender, body, identifier)
        wrong = right
        for change in changes:
            wrong = change(wrong)
        before, theirs = target.ledger(company_id), target.ledger(self._stranger.company_id)
        heard = ask(target.server.url, wrong)
        assert heard.status < 500, (heard, wrong)
        answer = ask(target.server.url, right)
        assert answer.status == 202, answer
        assert heard.delivery_id in (None, answer.delivery_id), (heard, wrong)
        after = target.ledger(company_id)
        assert {name: after[name] - before[name] for name in _BOOKS} == dict.fromkeys(_BOOKS, 1), wrong
        assert target.ledger(self._stranger.company_id)["received"] == theirs["received"]
        assert answer.delivery_id is not None
        assert target.stored(company_id, answer.delivery_id) == body
        self.same += heard.delivery_id is not None
        self.refused += heard.delivery_id is None

    def verify(self) -> None:
        """The books at the end."""
        self._target.verify(self._sender.company_id)
        self._target.verify(self._stranger.company_id)


class Damaged:
    """Mutated requests of one source, unsigned, to a company of its own. Counts what became of them."""

    def __init__(self, target: Target, source: Source) -> None:
        self._target = target
        self._source = source
        self._company_id = target.runner.run(new_company(target.house, source.slug)).id
        self._senders: dict[str, Sender] = {}
        for sample in samples_of(source.slug):
            self._sender_for(sample.settings)
        self.sent = self.refused = self.accepted = 0

    def try_case(self, case: Case) -> Heard:
        """Send a request; safe to be called by several threads."""
        sender = self._sender_for(case.settings)
        raw = _raw(case, self._source, sender)
        heard = ask(self._target.server.url, raw)
        assert heard.status, ("the connection was lost", case.number, raw)
        # The one 5xx there is: without a tool's certificate its signature can be neither believed nor dropped.
        unknown = heard.status == 503 and b'problem:temporary"' in heard.body
        checks = self._source.authenticate is not no_authentication
        assert heard.status < 500 or (unknown and checks), (heard, case.number, raw)
        return heard

    def try_many(self, cases: Iterable[Case]) -> None:
        """Send requests, some at a time."""
        with ThreadPoolExecutor(_AT_A_TIME) as threads:
            for heard in threads.map(self.try_case, cases):
                self.sent += 1
                self.accepted += 200 <= heard.status < 300
                self.refused += heard.status >= 300

    def verify(self) -> None:
        """The books are right, and nothing was accepted but what was sent."""
        assert self._target.ledger(self._company_id)["deliveries_accepted"] <= self.sent
        self._target.verify(self._company_id)

    def _sender_for(self, settings: Mapping[str, Any]) -> Sender:
        """An integration with a sample's settings; without secrets, since no sample is signed with ours."""
        open_ones = {setting.name for setting in self._source.settings if not setting.secret}
        plain = {name: value for name, value in settings.items() if name in open_ones}
        name = json.dumps(plain, sort_keys=True)
        if name not in self._senders:
            making = new_sender(self._target.house, self._company_id, self._source.slug, settings=plain)
            self._senders[name] = self._target.runner.run(making)
        return self._senders[name]


def _raw(case: Case, source: Source, sender: Sender) -> Raw:
    """A case on the wire, with the sender's key, also where its body has another."""
    path = f"/{case.tail}" if case.tail else sender.path
    asked = f"{path}?{urlencode(case.query)}" if case.query else path
    headers = {"Host": "127.0.0.1", **case.headers, "X-API-Key": sender.api_key}
    body = case.body
    for sample in samples_of(case.slug):
        for key in _texts(sample.document, source.keys_in_body):
            body = body.replace(key.encode(), sender.api_key.encode())
    return Raw(case.method.encode(), asked.encode("latin-1", "replace"), _encoded(headers), body)


def _texts(document: Any, names: Iterable[str]) -> Iterator[str]:
    found = [document.get(name) for name in names] if isinstance(document, dict) else []
    yield from (text for text in found if isinstance(text, str) and text)


def _request(sender: Sender, body: bytes, identifier: str) -> Raw:
    headers = {"Host": "127.0.0.1", "Content-Type": "application/json"}
    signed = sender.headers(body, delivery_id=identifier)
    return Raw(b"POST", sender.path.encode(), _encoded({**headers, **signed}), body)


def _encoded(headers: dict[str, str]) -> tuple[tuple[bytes, bytes], ...]:
    return tuple((name.encode(), value.encode("latin-1", "replace")) for name, value in headers.items())
