"""What there is to see: an installation with nothing, one with little, and one with much in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import httpx

from alertwhisperer.app.build import House
from alertwhisperer.domain.company import CompanyId, Scope
from alertwhisperer.domain.severity import Severity
from alertwhisperer.domain.user import Role
from tests.api.rows import tell_firing
from tests.database import run_apart
from tests.screens.lived import settle_in, take_turns, work
from tests.screens.mended import bind_machines, mend, under_way
from tests.server import Place, Sender, Server, bearer, house_of, new_company, new_sender, new_token

AMOUNTS = ("none", "little", "much")

_COMPANIES = (
    *("Aldgate Dental", "Barlow & Finch Law", "Castellan Freight", "Dunmore Hotels", "Eastgate Schools", "Fairholm"),
    *("Granary Foods", "Harbour Clinics", "Ironbridge Tools", "Juniper Homes", "Kestrel Air", "Larkfield Council"),
    *("Meridian Print", "Northwick Energy", "Orchard Vets", "Pemberton Bank", "Quayside Marine", "Rowan Care"),
    *("Stillwater Labs", "Thornbury Wines", "Upland Farms", "Vale Pharmacy", "Westmoor Rail", "Yarrow Optics"),
)
_CHECKS = (
    ("DiskWillFill", Severity.HIGH),
    ("ServiceDown", Severity.CRITICAL),
    ("HighCPU", Severity.MEDIUM),
    ("MemoryPressure", Severity.MEDIUM),
    ("CertificateExpires", Severity.LOW),
    ("BackupFailed", Severity.HIGH),
    ("ReplicaLag", Severity.HIGH),
    ("PacketLoss", Severity.MEDIUM),
    ("LoginStorm", Severity.INFO),
)
_SAID = {
    "DiskWillFill": "/var is 94% full and will be full in 3 hours",
    "ServiceDown": "nginx.service has failed; its port does not answer",
    "HighCPU": "CPU above 90% for 10 minutes",
    "MemoryPressure": "less than 4% of memory is free",
    "CertificateExpires": "the certificate of the web site ends in 12 days",
    "BackupFailed": "last night's backup ended with code 3",
    "ReplicaLag": "the replica is 412 s behind",
    "PacketLoss": "8% of packets to the gateway are lost",
    "LoginStorm": "212 failed logins from one address",
}
_HOSTS = ("db-01", "web-02", "mail-01", "vpn-gw", "erp-app-3", "nas-backup", "esx-04", "pos-till-17")
_DAYS = 14
_HOURS = 5  # in which what still fires began
_PEOPLE = ("dana.whitfield@example.org", "samir.patel@example.org")
_VIEWER = "priya.nair@example.org"
_SEED = 4


@dataclass(frozen=True)
class Story:
    """
    What was made.

    Attributes:
        link: by which an MSP administrator chooses a password.
        pages: addresses by the name that a picture gets; those of things are there only where the things are.
    """

    link: str
    pages: dict[str, str] = field(default_factory=dict)


_ALWAYS = {
    "board": "/board",
    "incidents": "/incidents",
    "alerts": "/alerts",
    "approvals": "/approvals",
    "runs": "/runs",
    "runs-look": "/runs?tab=look",
    "runbooks": "/runbooks",
    "runbook": "/runbooks/service-restart",
    "dashboard": "/dashboard",
    "reports": "/reports",
    "companies": "/companies",
    "quarantine": "/quarantine",
    "audit": "/audit",
    "shift": "/shift",
    "on-call": "/on-call",
    "on-call-schedules": "/on-call?tab=schedules",
    "search": "/search?q=db-01",
    "me": "/me",
    "companies-brakes": "/companies?tab=brakes",
    "reports-schedules": "/reports?tab=schedules",
    "reports-baseline": "/reports?tab=baseline",
}
_OF_COMPANY = (
    *("overview", "integrations", "rules", "runbooks", "access"),
    *("windows", "silence", "brakes", "people", "settings"),
)


class Teller:
    """Makes the stories on a running server, by its own doors where there is one and by rows where time has passed."""

    def __init__(self, place: Place, server: Server) -> None:
        self._place = place
        self._server = server
        self._random = Random(_SEED)
        self._token = run_apart(self._admin())

    async def _admin(self) -> str:
        async with house_of(self._place) as house:
            await new_token(house, Role.MSP_ADMIN, email=_PEOPLE[1])
            return await new_token(house, email=_PEOPLE[0])

    def tell(self, amount: str, now: datetime) -> Story:
        """One of `AMOUNTS`, as of now."""
        pages = dict(_ALWAYS)
        if amount != "none":
            names = _COMPANIES[:1] if amount == "little" else _COMPANIES
            senders = run_apart(self._companies(names))
            if amount == "much":
                run_apart(self._past([sender.company_id for sender in senders], now))
            machines = bind_machines(self._ask, senders[0].company_id)
            self._now(senders, now)
            self._windows(senders[0])
            take_turns(self._ask, _PEOPLE, now)
            pages |= self._pages(senders[0]) | self._mended(senders[0].company_id, machines)
        if amount == "much":
            pages |= {"quarantine": f"/quarantine?company={senders[1].company_id}"}
        body = {"email": _VIEWER, "role": Role.MSP_ADMIN.value, "companies": []}
        link: str = self._ask("POST", "/api/users/invitations", body)["link"]
        return Story(self._server.url + "/" + link.split("/", 3)[3], pages)

    async def _companies(self, names: Sequence[str]) -> list[Sender]:
        async with house_of(self._place) as house:
            return [await self._company(house, name) for name in names]

    @staticmethod
    async def _company(house: House, name: str) -> Sender:
        company = await new_company(
            house, name=name, requests_per_minute=600, occurrences_per_minute=6_000, bytes_per_minute=60_000_000
        )
        return await new_sender(house, company.id, "generic", name="RMM and monitors")

    async def _past(self, companies: Sequence[CompanyId], now: datetime) -> None:
        """Two weeks in which things began and ended, so that figures have something to say."""
        async with house_of(self._place) as house:
            scopes = [Scope(one, "screens") for one in companies]
            for days_ago in range(_DAYS, 0, -1):
                for scope in scopes[: 6 if days_ago > 7 else 8]:
                    for _ in range(self._random.randint(1, 4)):
                        at = now - timedelta(days=days_ago) + timedelta(minutes=self._random.randint(0, 1_300))
                        check, severity = self._random.choice(_CHECKS)
                        await tell_firing(
                            house.database,
                            scope,
                            at=at,
                            asset=f"{self._random.choice(_HOSTS)}.example.org",
                            signature=check,
                            severity=severity,
                            repeats=self._random.randint(0, 40),
                            ended_at=at + timedelta(minutes=self._random.randint(2, 90)),
                        )

            for scope in scopes[:10]:
                for _ in range(2):
                    check, severity = self._random.choice(_CHECKS[:6])
                    at = now - timedelta(minutes=self._random.randint(8, 60 * _HOURS))
                    host = f"{self._random.choice(_HOSTS)}.example.org"
                    await tell_firing(
                        house.database,
                        scope,
                        at=at,
                        asset=host,
                        signature=check,
                        severity=severity,
                        source=self._random.choice(("zabbix", "datadog", "prometheus")),
                        repeats=self._random.randint(2, 60),
                    )

    def _now(self, senders: Sequence[Sender], now: datetime) -> None:
        """What fires at the moment; some of it was taken."""
        for place, sender in enumerate(senders):
            for number in range(1 if len(senders) == 1 else (9, 3, 1, 0, 5, 0)[place % 6]):
                check, severity = _CHECKS[(place + number) % len(_CHECKS)]
                alert = {
                    "asset_name": f"{_HOSTS[(place + 3 * number) % len(_HOSTS)]}.example.org",
                    "signature": check,
                    "severity": severity.word,
                    "message": _SAID[check],
                    "tool_source": ("rmm", "zabbix", "prometheus")[number % 3],
                }
                for _ in range(1 + number % 4):
                    self._send(sender, alert)
        if len(senders) > 1:
            self._work(senders[0].company_id)
            settle_in(self._ask, senders[0].company_id, now)
            work(self._ask, [one.company_id for one in senders], _PEOPLE, now)
            self._send_raw(senders[1], b"{not json")

    def _work(self, company_id: CompanyId) -> None:
        items = self._ask("GET", f"/api/companies/{company_id}/incidents")["items"]
        first, second, third, *_ = [f"/api/incidents/{one['id']}" for one in items]
        self._ask("POST", f"{first}/acknowledge")
        self._ask("POST", f"{first}/comment", {"text": "Old logs fill the disk; rotating them now."})
        self._ask("POST", f"{second}/snooze", {"until_clear": True, "note": "The provider mends the line tonight."})
        self._ask("POST", f"{third}/acknowledge")
        self._ask("POST", f"{third}/resolve", {"note": "Restarted by hand."})

    def _windows(self, sender: Sender) -> None:
        """One that runs and hides something, and one that comes again and again."""
        path = f"/api/companies/{sender.company_id}/windows"
        now = datetime.now(UTC).replace(tzinfo=None, microsecond=0)
        asset = self._ask("POST", f"/api/companies/{sender.company_id}/assets", {"name": "patched-01"})["id"]
        for name, begins, more in (
            ("New disk", now, {"assets": [asset]}),
            (
                "Patch night",
                now + timedelta(days=3),
                {"recurrence": "FREQ=WEEKLY", "until": f"{(now + timedelta(days=90)).isoformat()}Z"},
            ),
        ):
            times = {
                "starts": begins.isoformat(),
                "ends": (begins + timedelta(hours=4)).isoformat(),
                "time_zone": "UTC",
            }
            self._ask("POST", path, {"name": name, "reason": "Planned work on the servers.", **times, **more})
        for check, severity in (("HostDown", "critical"), ("Disk full", "high")):
            self._send(sender, {"asset_name": "patched-01", "signature": check, "severity": severity, "message": check})

    def _pages(self, sender: Sender) -> dict[str, str]:
        company = f"/companies/{sender.company_id}"
        items = self._ask("GET", f"/api/companies/{sender.company_id}/incidents")["items"]
        [alert, *_] = self._ask("GET", f"/api/companies/{sender.company_id}/alerts")["items"]
        open_ones = [one for one in items if one["status"] in ("open", "acknowledged")]
        return {
            "incident": f"/incidents/{(open_ones or items)[0]['number']}",
            "alert": f"/alerts/{alert['id']}",
            "dashboard-company": f"/dashboard?company={sender.company_id}",
            **{f"company-{tab}": f"{company}/{tab}" for tab in _OF_COMPANY},
            "suppressed": f"/suppressed?company={sender.company_id}",
            "integration": f"{company}/integrations/{sender.integration_id}",
        }

    def _mended(self, company_id: CompanyId, machines: dict[str, str]) -> dict[str, str]:
        """Runs of an incident, best of one that a runbook fits."""
        items = self._ask("GET", f"/api/companies/{company_id}/incidents")["items"]
        one = next((each for each in items if "ServiceDown" in each["title"]), items[-1])
        waits, failed = mend(self._ask, self._place, company_id, machines, one["id"])
        return {
            "run-waits": f"/runs/{waits}",
            "run-running": f"/runs/{under_way(self._ask, self._place, company_id, machines, one['id'])}",
            "run-failed": f"/runs/{failed}?target={list(machines.values())[-1]}",
            "incident-mended": f"/incidents/{one['number']}",
            "runbook-company": f"/runbooks/service-restart?company={company_id}",
        }

    def _send(self, sender: Sender, alert: dict[str, str]) -> None:
        headers = {"X-API-Key": sender.api_key}
        answer = httpx.post(self._server.url + sender.path, json=alert, headers=headers, trust_env=False)
        assert answer.status_code == 202, answer.text

    def _send_raw(self, sender: Sender, body: bytes) -> None:
        headers = {"X-API-Key": sender.api_key, "Content-Type": "application/json"}
        httpx.post(self._server.url + sender.path, content=body, headers=headers, trust_env=False)

    def _ask(self, method: str, path: str, body: object = None) -> Any:
        with httpx.Client(headers=bearer(self._token), trust_env=False) as client:
            answer = client.request(method, self._server.url + path, json=body)
        assert answer.status_code < 400, f"{method} {path}: {answer.text}"
        return answer.json()
