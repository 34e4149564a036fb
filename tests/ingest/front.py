"""What a test of the front door needs: senders, requests as raw as HTTP allows, and what was stored."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import httpx

from alertwhisperer.app.build import House
from alertwhisperer.domain.company import CompanyId, Scope
from alertwhisperer.store import deliveries
from tests.server import Sender, bearer, new_company, new_sender, new_token

PROBLEM = "application/problem+json"


@dataclass(frozen=True, slots=True)
class Front:
    """
    A company's door: `plain` may send unsigned, `signed` must sign; `stranger` is another company's sender.

    Attributes:
        token: of an MSP admin, who may look at everything.
    """

    house: House
    client: httpx.AsyncClient
    company_id: CompanyId
    plain: Sender
    signed: Sender
    stranger: Sender
    token: str = field(repr=False)

    async def send(
        self,
        sender: Sender,
        body: bytes | str | object,
        *,
        headers: Mapping[str, str] | Sequence[tuple[str, str]] | None = None,
        path: str | None = None,
        method: str = "POST",
    ) -> httpx.Response:
        """Send a body with the sender's key, or with exactly the headers given. No answer is ever a 5xx."""
        answer = await self.client.request(
            method,
            sender.path if path is None else path,
            content=bytes_of(body),
            headers=list({"X-API-Key": sender.api_key}.items()) if headers is None else _pairs(headers),
        )
        assert answer.status_code < 500, answer.text
        return answer

    async def send_signed(
        self, body: bytes | str | object, *, delivery_id: str | None = None, at: float | None = None
    ) -> httpx.Response:
        """Send a body as the signing sender does."""
        content = bytes_of(body)
        return await self.send(
            self.signed, content, headers=self.signed.headers(content, delivery_id=delivery_id, at=at)
        )

    async def get(self, path: str, status: int = 200, *, token: str | None = None) -> Any:
        """GET of the API, as the admin or another person."""
        answer = await self.client.get(path, headers=bearer(token or self.token))
        assert answer.status_code == status, answer.text
        return answer.json()

    async def ledger(self, company_id: CompanyId | None = None) -> dict[str, Any]:
        """The books of a company, which must agree with its rows."""
        path = f"/api/companies/{company_id or self.company_id}/ledger"
        verified = await self.get(f"{path}/verification")
        assert verified["agrees"], verified
        totals: dict[str, Any] = await self.get(path)
        return totals

    async def accepted(self, company_id: CompanyId | None = None) -> int:
        """How many deliveries are stored."""
        return int((await self.ledger(company_id))["deliveries_accepted"])

    async def alerts(self, company_id: CompanyId | None = None) -> list[dict[str, Any]]:
        """A company's alerts, newest first."""
        found = await self.get(f"/api/companies/{company_id or self.company_id}/alerts?limit=100")
        items: list[dict[str, Any]] = found["items"]
        return items

    async def stored(self, answer: httpx.Response) -> tuple[bytes, str]:
        """The raw body of an accepted delivery, and what is stored of its request besides."""
        identifier = UUID(answer.json()["delivery_id"])
        async with self.house.database.unit_of_work(Scope(self.company_id, "test")) as unit:
            body = await deliveries.body(unit, identifier)
        assert body is not None
        return body.body, str(body.request)


async def front_of(house: House, client: httpx.AsyncClient) -> Front:
    """Two fresh companies at a door."""
    company, other = await new_company(house, "Acme"), await new_company(house, "Other")
    return Front(
        house,
        client,
        company.id,
        await new_sender(house, company.id, "generic"),
        await new_sender(house, company.id, "generic", require_signature=True),
        await new_sender(house, other.id, "generic"),
        await new_token(house),
    )


def refused(answer: httpx.Response, status: int, *, where: str = "") -> dict[str, Any]:
    """Check that an answer is a refusal that says what is wrong, where, and how to mend it."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == PROBLEM
    problem: dict[str, Any] = answer.json()
    assert problem["status"] == status
    assert problem["type"].startswith("urn:alertwhisperer:problem:")
    assert all(problem[name] for name in ("title", "detail", "where", "mend")), problem
    assert where.lower() in problem["where"].lower(), problem
    return problem


def accepted(answer: httpx.Response, status: str = "processed") -> dict[str, Any]:
    """Check that an answer says that the delivery is stored."""
    assert answer.status_code == 202, answer.text
    told: dict[str, Any] = answer.json()
    assert told["status"] == status, told
    assert answer.headers["x-alertwhisperer-delivery"] == told["delivery_id"]
    return told


def quarantined(answer: httpx.Response, reason: str) -> dict[str, Any]:
    """Check that a body was kept although it cannot be read, and that the sender is told why."""
    told = accepted(answer, "quarantined")
    problem: dict[str, Any] = told["problem"]
    assert problem["reason"] == reason, problem
    assert all(problem[name] for name in ("detail", "where", "mend")), problem
    return problem


def alert(asset: str = "web-01", **more: object) -> dict[str, object]:
    """An alert in our plain shape."""
    return {"asset_name": asset, "signature": "disk full", "severity": "high", "message": "97% used", **more}


def delivery_id() -> str:
    """A sender's id that was not used yet."""
    return uuid4().hex


def bytes_of(body: bytes | str | object) -> bytes:
    """Bytes and text as they are, everything else as JSON."""
    if isinstance(body, bytes):
        return body
    return (body if isinstance(body, str) else json.dumps(body)).encode()


def _pairs(headers: Mapping[str, str] | Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    return list(headers.items()) if isinstance(headers, Mapping) else list(headers)
