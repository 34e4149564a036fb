"""
Takes tenant filters of the code out, one at a time, and lets the product prove its isolation.

    python -m tests.isolation.proof_mutants

Every mutant is either stopped by row-level security (nothing is found, and nothing was shown) or found by the proof. So
that "nothing was found" does not hide a blind proof, filters that row-level security stands behind are also taken out
with it switched off: then the proof must find each.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from tests.database import Migrated, any_server, run_apart
from tests.server import on_database

_ROOT = Path(__file__).resolve().parents[2]

_BEGIN = "                return await _prove_in("
_WALLS_OFF = (
    "                from tests.isolation.proof_mutants import take_walls_down\n"
    "                await take_walls_down(scratch.owner_dsn)\n"
)

# Runs before anything else in every Python process of the proof, and changes files as they are read.
_HOOK = """
import json, os, pathlib
from importlib.machinery import SourceFileLoader
changes = json.loads(os.environ["MUTANT"])
def changed(path, text):
    for name, old, new in changes:
        if str(path).endswith(name):
            assert old in text, f"{name} has no {old!r} any more"
            text = text.replace(old, new)
    return text
get_data, read_text = SourceFileLoader.get_data, pathlib.Path.read_text
SourceFileLoader.get_data = lambda self, path: (
    changed(path, get_data(self, path).decode()).encode() if path.endswith(".py") else get_data(self, path))
pathlib.Path.read_text = lambda self, *given, **named: changed(self, read_text(self, *given, **named))
"""

_RUN = """
import asyncio, json, os
from alertwhisperer.app.build import open_house
from alertwhisperer.app.isolation.prove import prove
from alertwhisperer.app.settings import load
async def main():
    async with open_house(load()) as house:
        return await prove(house)
proof = asyncio.run(main())
print(json.dumps({"doors": proof.doors, "opened": proof.opened, "tables": proof.tables,
                  "findings": [[one.wall, one.where, one.what] for one in proof.findings]}))
"""


@dataclass(frozen=True)
class Mutant:
    """A filter taken out: (end of the file's name, what stands there, what then does)."""

    name: str
    file: str
    old: str
    new: str
    found: bool  # whether the proof must find it although row-level security stands


MUTANTS = (
    Mutant(
        "a person serves every company",
        "domain/user.py",
        "return self.serves_all or company_id in self.companies",
        "return True",
        found=True,
    ),
    Mutant(
        "a list of comments without its company",
        "store/incidents.sql",
        "WHERE c.company_id = :company_id AND c.incident_id = :incident_id\nORDER BY c.id DESC",
        "WHERE true\nORDER BY c.id DESC",
        found=False,
    ),
    Mutant(
        "a list of contacts without its company",
        "store/contacts.sql",
        "WHERE c.company_id = :company_id AND (:before",
        "WHERE (c.company_id = :company_id OR true) AND (:before",
        found=False,
    ),
    Mutant(
        "a list of sites without its company",
        "store/sites.sql",
        "WHERE s.company_id = :company_id AND (:before",
        "WHERE (s.company_id = :company_id OR true) AND (:before",
        found=False,
    ),
    Mutant(
        "a list of promises without its company",
        "store/promises.sql",
        "WHERE p.company_id = :company_id\n  AND (:state",
        "WHERE (p.company_id = :company_id OR true)\n  AND (:state",
        found=False,
    ),
    Mutant(
        "everybody's hand-overs",
        "store/handovers.sql",
        "((:given::boolean AND h.from_id = :user_id) OR (:received::boolean AND h.to_id = :user_id))",
        "(:given::boolean OR :received::boolean OR h.from_id = :user_id)",
        found=True,
    ),
    Mutant(
        "a contact by its id alone",
        "store/contacts.sql",
        "WHERE c.company_id = :company_id AND c.contact_id = :contact_id",
        "WHERE (c.company_id = :company_id OR true) AND c.contact_id = :contact_id",
        found=False,
    ),
)


def outcome(made: Migrated, mutant: Mutant | None, *, walls_off: bool = False) -> Mapping[str, object]:
    """What the proof says under a mutant; `walls_off` takes row-level security out of the scratch database as well."""
    changes = [] if mutant is None else [(mutant.file, mutant.old, mutant.new)]
    if walls_off:
        changes.append(("isolation/prove.py", _BEGIN, _WALLS_OFF + _BEGIN))
    with tempfile.TemporaryDirectory(prefix="aw-mutant-") as folder:
        (Path(folder) / "sitecustomize.py").write_text(textwrap.dedent(_HOOK))
        environ = {
            **os.environ,
            **on_database(made).environ,
            "MUTANT": json.dumps(changes),
            "PYTHONPATH": os.pathsep.join((folder, str(_ROOT))),
            "PYTHONPYCACHEPREFIX": str(Path(folder) / "cache"),
        }
        done = subprocess.run(
            [sys.executable, "-c", _RUN], env=environ, capture_output=True, text=True, timeout=300, check=False
        )
    assert done.returncode == 0, done.stderr[-2000:]
    told: Mapping[str, object] = json.loads(done.stdout.splitlines()[-1])
    return told


async def take_walls_down(owner_dsn: str) -> None:
    """Switch row-level security off in a scratch database."""
    owner = await asyncpg.connect(owner_dsn)
    try:
        for row in await owner.fetch("SELECT relname FROM pg_class WHERE relrowsecurity"):
            await owner.execute(f"ALTER TABLE {row[0]} DISABLE ROW LEVEL SECURITY")
    finally:
        await owner.close()


def judged(mutant: Mutant, made: Migrated) -> str:
    """`found`, `stopped`, or what is wrong with the proof."""
    with_walls = [one for one in found(outcome(made, mutant)) if one[0] != "policy"]
    if with_walls:
        return "found"
    if mutant.found:
        return "SURVIVED: nothing stands behind it, and the proof did not see it"
    without = [one for one in found(outcome(made, mutant, walls_off=True)) if one[0] in ("door", "export")]
    return "stopped" if without else "SURVIVED: with row-level security off the proof did not see it"


def found(told: Mapping[str, object]) -> list[list[str]]:
    """The findings of a proof."""
    findings = told["findings"]
    assert isinstance(findings, list)
    return findings


def main() -> int:
    """Try all; gives the exit code."""
    survived = 0
    with any_server() as server:
        made = run_apart(server.create())
        try:
            for mutant in MUTANTS:
                result = judged(mutant, made)
                survived += result.startswith("SURVIVED")
                print(f"{result}: {mutant.name}", flush=True)
        finally:
            run_apart(server.drop(made))
    print(f"{len(MUTANTS)} filters taken out, {survived} survived")
    return 1 if survived else 0


if __name__ == "__main__":
    sys.exit(main())
