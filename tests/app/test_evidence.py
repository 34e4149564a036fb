"""A report of evidence: what the log holds, what the verifier finds, how things are set; altered by nobody unseen."""

from __future__ import annotations

import json
import shutil
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from alertwhisperer.app.audit import AuditWork
from alertwhisperer.app.build import House, open_house
from alertwhisperer.app.evidence import Written, check_evidence, write_evidence
from alertwhisperer.app.settings import load
from alertwhisperer.app.witnesses import open_witnesses
from alertwhisperer.domain.audit import AuditAction, AuditEntry, Resource
from alertwhisperer.domain.company import INSTALLATION, CompanyId, Scope
from alertwhisperer.domain.errors import Invalid, NotFound
from alertwhisperer.domain.user import Role
from alertwhisperer.guard.audit.checkpoint import SigningKey
from alertwhisperer.kit.clock import ManualClock
from alertwhisperer.kit.metrics import Metrics
from alertwhisperer.store import audit
from tests.database import any_server, run_apart
from tests.server import MASTER, Place, house_of, new_company, new_sender, new_token, on_database

NOW = datetime(2026, 5, 4, 8, tzinfo=UTC)
BY = Scope(INSTALLATION, "cli:ann")


@asynccontextmanager
async def own_house(**more: str) -> AsyncIterator[tuple[House, ManualClock, str]]:
    """A house on a database of its own, at a time that stands still; and the owner's DSN."""
    with any_server() as server:
        made = await server.create()
        clock = ManualClock(NOW)
        environ = {**on_database(made).environ, **more}
        try:
            async with open_house(load(environ), clock) as house:
                yield house, clock, made.owner_dsn
        finally:
            await server.drop(made)


async def witnessed(house: House, clock: ManualClock) -> None:
    """Link, sign and hand out all that is there."""
    work = AuditWork(house, open_witnesses(house.settings, clock), Metrics())
    await work.link()
    clock.advance(timedelta(minutes=2))
    await work.checkpoint()
    await work.witness()


async def comment(house: House, clock: ManualClock, company_id: CompanyId, reason: str) -> None:
    """One entry, a minute later."""
    clock.advance(timedelta(minutes=1))
    async with house.database.unit_of_work(Scope(company_id, "kim@example.org")) as unit:
        resource = Resource("incident", "i-1")
        await audit.write(unit, AuditAction.INCIDENT_COMMENTED, resource, {}, now=clock.now(), reason=reason)


@dataclass(frozen=True, slots=True)
class Reports:
    """
    Reports of one installation, one after another; the last ones after somebody meddled.

    Attributes:
        acme, other: companies with an integration and a comment each.
        newest: the newest entries of a log after its report was written.
    """

    acme: CompanyId
    other: CompanyId
    key: str
    whole: Path
    of_acme: Path
    later: Path
    changed: Path
    unread: Path
    told: Mapping[str, Written]
    newest: Mapping[CompanyId, AuditEntry]
    until: datetime


async def write_all(folder: Path) -> Reports:
    """Everything that the tests below look at."""
    places = f"file:{folder / 'checkpoints'},file:{folder / 'second'}"
    async with own_house(ALERTWHISPERER_AUDIT_WITNESSES=places) as (house, clock, owner):
        acme, other = await new_company(house, "Acme"), await new_company(house, "Other")
        for company in (acme, other):
            await new_sender(house, company.id, require_signature=company is acme)
            await comment(house, clock, company.id, f"said at {company.name}")
        await new_token(house, Role.TECHNICIAN, [acme.id])
        await witnessed(house, clock)
        until, told, newest = clock.now(), {}, {}

        async def report(name: str, since: datetime, only: CompanyId | None = None) -> Path:
            told[name] = await write_evidence(house, BY, folder / name, since=since, until=clock.now(), only=only)
            async with house.database.unit_of_work(Scope(only or INSTALLATION, "test")) as unit:
                (newest[only or INSTALLATION],) = await audit.page(unit, limit=1)
            return folder / name

        whole = await report("whole", NOW)
        of_acme = await report("of_acme", NOW, acme.id)
        newest_of_whole = newest[INSTALLATION]
        await comment(house, clock, acme.id, "said later")
        clock.advance(timedelta(minutes=1))
        later = await report("later", until)
        (folder / "second").rename(folder / "elsewhere")
        unread = await report("unread", NOW)
        await change_as_owner(owner, acme.id)
        changed = await report("changed", NOW)
        return Reports(
            acme.id,
            other.id,
            house.signing_key.public,
            whole,
            of_acme,
            later,
            changed,
            unread,
            told,
            {**newest, INSTALLATION: newest_of_whole},
            until,
        )


async def change_as_owner(owner: str, company_id: CompanyId) -> None:
    """What the database's owner can do: take the trigger away, and say that another incident was meant."""
    connection = await asyncpg.connect(owner)
    await connection.execute("ALTER TABLE audit_entry DISABLE TRIGGER ALL")
    await connection.execute(
        "UPDATE audit_entry SET resource_id = 'i-2' WHERE company_id = $1 AND action = 'incident_commented'", company_id
    )
    await connection.close()


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> Reports:
    """Written once: each needs a database of its own."""
    return run_apart(write_all(tmp_path_factory.mktemp("evidence")))


def read(folder: Path, name: str) -> Any:
    """A document of a report."""
    return json.loads((folder / name).read_text())


def comments(folder: Path) -> list[dict[str, Any]]:
    """The entries on incidents in a report."""
    return [json.loads(line) for line in (folder / "entries" / "incidents.jsonl").read_text().splitlines()]


def test_a_report_of_the_installation_has_the_entries_of_all_companies(reports: Reports) -> None:
    assert {(one["company_id"], one["reason"], one["actor"]) for one in comments(reports.whole)} == {
        (str(reports.acme), "said at Acme", "kim@example.org"),
        (str(reports.other), "said at Other", "kim@example.org"),
    }
    (monitoring,) = [one for one in read(reports.whole, "controls.json") if one["control"] == "A.8.16"]
    assert monitoring["entries"] == 2
    (incidents,) = [one for one in read(reports.whole, "capabilities.json") if one["slug"] == "incidents"]
    assert incidents["entries"]["incident_commented"] == 2
    assert incidents["query"]["since"] == NOW.isoformat()


def test_a_report_says_what_the_verifier_found(reports: Reports) -> None:
    assert (reports.told["whole"].faults, reports.told["whole"].unread) == (0, {})
    assert read(reports.whole, "verification.json")["verdict"]["faults"] == []
    page = (reports.whole / "README.md").read_text()
    assert "compared with 1 checkpoints of 2 places outside" in page
    assert "no certificate" in page


def test_a_report_says_how_things_are_set_and_no_secret(reports: Reports) -> None:
    configuration = read(reports.whole, "configuration.json")
    assert configuration["integrations"][str(reports.acme)]["signed"] == 1
    assert configuration["integrations"][str(reports.other)]["signed"] == 0
    assert configuration["people"] == [{"role": "technician", "people": 1, "with_second_factor": 0}]
    assert configuration["tokens"]["live"] == 1
    assert [one["number"] for one in configuration["witnesses"]] == [1, 1]
    assert configuration["settings"]["ALERTWHISPERER_SECRET_KEY"] == "***"
    everything = "".join(path.read_text() for path in reports.whole.rglob("*") if path.is_file())
    assert MASTER.hex() not in everything


def test_only_its_owner_can_read_a_report(reports: Reports) -> None:
    assert all(path.stat().st_mode & 0o077 == 0 for path in (reports.whole, *reports.whole.rglob("*")))


def test_one_companys_report_says_nothing_of_another(reports: Reports) -> None:
    everything = "".join(path.read_text() for path in reports.of_acme.rglob("*") if path.is_file())
    assert "said at Acme" in everything
    configuration = read(reports.of_acme, "configuration.json")
    assert configuration.keys() == {"integrations", "signing_key"}
    for theirs in (str(reports.other), "said at Other"):
        assert theirs not in everything


def test_a_report_is_itself_an_entry_of_the_log_that_it_is_about(reports: Reports) -> None:
    for company_id in (INSTALLATION, reports.acme):
        entry = reports.newest[company_id]
        assert (entry.action, entry.actor) == (AuditAction.EVIDENCE_EXPORTED, "cli:ann")
        assert entry.detail == {"since": NOW.isoformat(), "until": reports.until.isoformat()}


def test_only_the_time_that_was_asked_for_is_told(reports: Reports) -> None:
    assert [one["reason"] for one in comments(reports.later)] == ["said later"]


def test_a_place_that_cannot_be_read_is_named_and_the_others_count(reports: Reports) -> None:
    told = reports.told["unread"]
    assert list(told.unread) == [f"file:{reports.unread.parent / 'second'}"]
    assert told.faults == 0
    assert "1 of them could not be read" in (reports.unread / "README.md").read_text()


def test_what_the_databases_owner_changed_stands_in_the_report(reports: Reports) -> None:
    assert reports.told["changed"].faults == 1
    (fault,) = read(reports.changed, "verification.json")["verdict"]["faults"]
    assert (fault["kind"], fault["company_id"]) == ("entry_changed", str(reports.acme))
    assert "1 faults, the first:" in (reports.changed / "README.md").read_text()


@pytest.mark.parametrize("change", ["altered", "added", "removed", "signed by another"])
def test_a_report_that_was_altered_is_found(reports: Reports, tmp_path: Path, change: str) -> None:
    out = tmp_path / "copy"
    shutil.copytree(reports.whole, out)
    assert check_evidence(out, reports.key) == reports.told["whole"].files
    if change == "altered":
        (out / "README.md").write_text("All is well.\n")
    elif change == "added":
        (out / "entries" / "more.jsonl").write_text("")
    elif change == "removed":
        (out / "controls.json").unlink()
    else:
        body = read(out, "manifest.json")["body"]
        (out / "manifest.json").write_bytes(SigningKey(b"the key of somebody else: 32 by.").sign(body))
    with pytest.raises(Invalid, match=r"not as it was written|another key"):
        check_evidence(out, reports.key)


def test_what_is_no_report_is_said_to_be_none(reports: Reports, tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="holds no report"):
        check_evidence(tmp_path, reports.key)


async def test_nothing_is_overwritten_and_no_report_is_made_of_nothing(tmp_path: Path, place: Place) -> None:
    async with house_of(place) as house:
        now = house.clock.now()
        before = now - timedelta(days=1)
        (tmp_path / "there").mkdir()
        with pytest.raises(Invalid, match="cannot be made"):
            await write_evidence(house, BY, tmp_path / "there", since=before, until=now, only=None)
        with pytest.raises(Invalid, match="ends before it begins"):
            await write_evidence(house, BY, tmp_path / "out", since=now, until=now, only=None)
        with pytest.raises(NotFound):
            await write_evidence(house, BY, tmp_path / "out", since=before, until=now, only=CompanyId(UUID(int=9)))
        assert not (tmp_path / "out").exists()
