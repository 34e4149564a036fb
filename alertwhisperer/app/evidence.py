"""
Writes a report of evidence for an audit of controls into a new folder, and signs its list of files.

It reads what the product recorded, runs the verifier against the places outside, and counts; the report is itself an
entry, committed before anything is read.
"""

import asyncio
import hashlib
import json
import os
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

import msgspec

from alertwhisperer.app.build import House
from alertwhisperer.app.settings import describe
from alertwhisperer.app.witnesses import open_witnesses
from alertwhisperer.domain.audit import AuditAction, AuditEntry, Resource
from alertwhisperer.domain.company import INSTALLATION, CompanyId, Scope
from alertwhisperer.domain.errors import Invalid
from alertwhisperer.guard.audit.chainer import link_pending
from alertwhisperer.guard.audit.checkpoint import read_signed
from alertwhisperer.guard.audit.verify import Verdict, verify
from alertwhisperer.guard.companies import require_company
from alertwhisperer.guard.compliance import report
from alertwhisperer.guard.compliance.capabilities import CAPABILITIES
from alertwhisperer.store import audit, audit_chain, audit_search, evidence

FORMAT = "alertwhisperer-evidence/1"
MANIFEST = "manifest.json"

_CHUNK = 1 << 20


class Written(msgspec.Struct, frozen=True):
    """
    A report that was written.

    Attributes:
        entries: how many of the log it holds.
        faults: how many the verifier found.
        unread: places outside that could not be read, and why.
    """

    folder: Path
    files: int
    entries: int
    faults: int
    unread: dict[str, str]


async def write_evidence(
    house: House, by: Scope, folder: Path, *, since: datetime, until: datetime, only: CompanyId | None
) -> Written:
    """
    Write the report of [since, until) into a folder that is not there yet.

    Args:
        by: whoever asks; the report is recorded in the log of `only`, else in the installation's.
        only: one company's part alone, which says nothing of other companies.

    Raises:
        Invalid: the folder is there, or the time ends before it begins.
        NotFound: there is no such company.
    """
    if until <= since:
        raise Invalid("the time ends before it begins", where="--to", mend="give a later end")
    companies = [only] if only is not None else sorted({INSTALLATION, *await house.database.company_ids()})
    await _record(house, by.at(only or INSTALLATION), since, until)
    await asyncio.to_thread(_make_folder, folder)
    counts = await _write_entries(house, by, companies, folder / "entries", since, until)
    verdict = await _verified(house, only)
    documents = {
        "capabilities.json": report.capability_documents(counts, since, until),
        "controls.json": report.control_documents(counts),
        "verification.json": {"verdict": msgspec.to_builtins(verdict)},
        "configuration.json": await _configuration(house, by, companies, only),
    }
    for name, document in documents.items():
        await asyncio.to_thread(_write, folder / name, _json(document))
    page = report.summary(
        counts,
        of="the whole installation" if only is None else f"company {only}",
        since=since,
        until=until,
        at=house.clock.now(),
        by=by.actor,
        verified=_in_words(verdict),
    )
    await asyncio.to_thread(_write, folder / "README.md", page.encode())
    files = await asyncio.to_thread(_digests, folder)
    body = {
        "format": FORMAT,
        "since": since.isoformat(),
        "until": until.isoformat(),
        "company_id": only,
        "files": files,
    }
    signed = house.signing_key.sign(_json(body).decode())
    await asyncio.to_thread(_write, folder / MANIFEST, signed)
    return Written(folder, len(files), counts.total(), len(verdict.faults), dict(verdict.unread))


def check_evidence(folder: Path, public_key: str) -> int:
    """
    How many files a report has, when each is as it was written.

    Args:
        public_key: in hexadecimal; from anywhere but the report.

    Raises:
        Invalid: a file was changed, added or removed, or the list was signed by another key.
    """
    try:
        body = read_signed((folder / MANIFEST).read_bytes(), public_key)
    except OSError as failure:
        raise Invalid(f"{folder} holds no report", where="FOLDER", mend=failure.strerror or "look at it") from failure
    told = json.loads(body)
    if told.get("format") != FORMAT:
        raise Invalid("the list of files is of an unknown form", where=MANIFEST)
    files, found = told["files"], _digests(folder)
    wrong = sorted(name for name in files.keys() | found.keys() if files.get(name) != found.get(name))
    if wrong:
        raise Invalid(f"not as it was written: {', '.join(wrong)}", where="FOLDER", mend="get the report again")
    return len(files)


async def _record(house: House, scope: Scope, since: datetime, until: datetime) -> None:
    async with house.database.unit_of_work(scope) as unit:
        await require_company(unit)
        await audit.write(
            unit,
            AuditAction.EVIDENCE_EXPORTED,
            Resource("company", str(scope.company_id)),
            {"since": since.isoformat(), "until": until.isoformat()},
            now=house.clock.now(),
        )


async def _write_entries(
    house: House, by: Scope, companies: Sequence[CompanyId], folder: Path, since: datetime, until: datetime
) -> Counter[str]:
    """A file for each capability that leaves entries; gives how often each act was done."""
    counts: Counter[str] = Counter()
    with ExitStack() as open_files:
        files: dict[AuditAction, list[BinaryIO]] = {}
        for one in CAPABILITIES.values():
            if one.actions:
                file = open_files.enter_context(_create(folder / f"{one.slug}.jsonl"))
                for action in one.actions:
                    files.setdefault(action, []).append(file)
        for company_id in companies:
            async for some in audit_search.onward(house.database, by.at(company_id), since, until):
                await asyncio.to_thread(_add, some, files)
                counts.update(entry.action.value for entry in some)
    return counts


def _add(some: Sequence[AuditEntry], files: dict[AuditAction, list[BinaryIO]]) -> None:
    for entry in some:
        line = report.entry_line(entry)
        for file in files.get(entry.action, ()):
            file.write(line)


async def _verified(house: House, only: CompanyId | None) -> Verdict:
    await link_pending(house.database, house.clock)  # no server may be running to do it
    places = open_witnesses(house.settings, house.clock)
    return await verify(house.database, house.public_keys, places, only=only, now=house.clock.now())


async def _configuration(
    house: House, by: Scope, companies: Sequence[CompanyId], only: CompanyId | None
) -> dict[str, object]:
    told: dict[str, object] = {
        "signing_key": house.signing_key.public,
        "integrations": {str(company_id): await _integrations(house, by.at(company_id)) for company_id in companies},
    }
    if only is not None:
        return told
    async with house.database.unit_of_work(by.at(INSTALLATION)) as unit:
        told["people"] = [msgspec.to_builtins(one) for one in await evidence.people(unit)]
        told["tokens"] = msgspec.to_builtins(await evidence.tokens(unit, now=house.clock.now()))
    told["witnesses"] = [msgspec.to_builtins(one) for one in await audit_chain.witness_states(house.database)]
    told["settings"] = {one.env: one.value for one in describe(house.settings)}
    return told


async def _integrations(house: House, scope: Scope) -> object:
    async with house.database.unit_of_work(scope) as unit:
        return msgspec.to_builtins(await evidence.integrations(unit))


def _in_words(verdict: Verdict) -> str:
    missing = f", {len(verdict.unread)} of them could not be read" if verdict.unread else ""
    outside = f"{verdict.checkpoints} checkpoints of {verdict.places} places outside{missing}"
    if verdict.faults:
        return f"{len(verdict.faults)} faults, the first: {verdict.faults[0].what}; compared with {outside}"
    newer = sum(one.last - one.first + 1 for one in verdict.uncovered) + verdict.unlinked
    return f"{verdict.entries} entries hold, compared with {outside}; {newer} are newer than these"


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700)
        (folder / "entries").mkdir(mode=0o700)
    except OSError as failure:
        mend = f"{failure.strerror or 'look at it'}: name a new folder"
        raise Invalid(f"{folder} cannot be made", where="--out", mend=mend) from failure


def _create(file: Path) -> BinaryIO:
    return os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")


def _write(file: Path, content: bytes) -> None:
    with _create(file) as opened:
        opened.write(content)
        opened.flush()
        os.fsync(opened.fileno())


def _digests(folder: Path) -> dict[str, str]:
    """SHA-256 of every file but the list itself, by its path in the folder."""
    paths = (path for path in sorted(folder.rglob("*")) if path.is_file())
    names = {path.relative_to(folder).as_posix(): path for path in paths}
    return {name: _digest(path) for name, path in names.items() if name != MANIFEST}


def _digest(path: Path) -> str:
    hasher = hashlib.sha256()
    with path.open("rb") as opened:
        while chunk := opened.read(_CHUNK):
            hasher.update(chunk)
    return hasher.hexdigest()


def _json(value: object) -> bytes:
    return msgspec.json.format(msgspec.json.encode(value, order="sorted"), indent=2) + b"\n"
