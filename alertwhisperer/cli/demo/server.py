"""The running server as the demo meets it: over HTTP, through the same doors as any tool and any script."""

from collections.abc import Mapping
from datetime import datetime
from types import TracebackType
from typing import Any

import httpx

from alertwhisperer.domain.errors import Permanent, Temporary

_TIMEOUT_S = 15.0
_PAGE = 500


class Server:
    """
    A client of one server.

    Args:
        url: without a slash at its end.
        mend: what to do when nobody answers.
    """

    def __init__(self, url: str, mend: str) -> None:
        self._url = url
        self._mend = mend
        self._client = httpx.AsyncClient(base_url=url, timeout=_TIMEOUT_S, trust_env=False)

    async def __aenter__(self) -> "Server":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, failure: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.aclose()

    async def check_ready(self) -> None:
        """Return when the server can take alerts; raises `Temporary` with how to start it."""
        answer = await self._send("GET", "/health/ready")
        if answer.status_code != 200:
            raise Temporary(f"the server at {self._url} is not ready: HTTP {answer.status_code}; look at its log")

    async def post(self, source: str, body: bytes, headers: Mapping[str, str], api_key: str) -> None:
        """Deliver to the webhook; raises `Permanent` when it is not accepted."""
        answer = await self._send(
            "POST", f"/api/webhooks/{source}", content=body, headers={**headers, "X-API-Key": api_key}
        )
        if answer.status_code != 202:
            raise Permanent(
                f"the webhook of {source} answered HTTP {answer.status_code}: {_detail(answer)}"
                + (f"; does the server at {self._url} use this data folder?" if answer.status_code == 401 else "")
            )

    async def kpis(self, company: str, token: str, since: datetime) -> dict[str, Any]:
        """The figures since a moment."""
        return await self._get(f"/api/companies/{company}/kpis", token, {"from": since.isoformat()})

    async def incidents(self, company: str, token: str, limit: int = _PAGE) -> list[dict[str, Any]]:
        """The newest incidents."""
        page = await self._get(f"/api/companies/{company}/incidents", token, {"limit": str(limit)})
        items: list[dict[str, Any]] = page["items"]
        return items

    async def incident(self, identity: str, token: str) -> dict[str, Any]:
        """One incident, with why."""
        return await self._get(f"/api/incidents/{identity}", token, {})

    async def ask(self, method: str, path: str, token: str, **more: Any) -> dict[str, Any]:
        """What a person's door answers; raises `Permanent` when it refuses. `more` as httpx takes it."""
        answer = await self._send(method, path, headers={"Authorization": f"Bearer {token}"}, **more)
        if not answer.is_success:
            raise Permanent(f"{path} answered HTTP {answer.status_code}: {_detail(answer)}")
        document: dict[str, Any] = answer.json()
        return document

    async def _get(self, path: str, token: str, query: Mapping[str, str]) -> dict[str, Any]:
        return await self.ask("GET", path, token, params=query)

    async def _send(self, method: str, path: str, **more: Any) -> httpx.Response:
        try:
            return await self._client.request(method, path, **more)
        except httpx.HTTPError as failure:
            raise Temporary(f"no server answers at {self._url} ({type(failure).__name__}); {self._mend}") from failure


def _detail(answer: httpx.Response) -> str:
    try:
        return str(answer.json()["detail"])
    except (ValueError, KeyError, TypeError):
        return answer.text[:200]
