"""Sheets on this machine: reads one to import, keeps the keys that were made, and says what an import does."""

import csv
import io
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from alertwhisperer.cli import output
from alertwhisperer.domain.errors import Invalid
from alertwhisperer.ingest.company_sheet import LARGEST_SHEET, MOST_COMPLAINTS
from alertwhisperer.ingest.onboarding import KEY_COLUMNS, Imported, MadeKey
from alertwhisperer.ingest.onboarding_plan import Change

_SHOWN = 200  # lines of a plan on a screen; --json has all


def read(file: Path) -> bytes:
    """The bytes of a sheet, and one more when it is too large; raises `Invalid`."""
    try:
        with file.open("rb") as opened:
            return opened.read(LARGEST_SHEET + 1)
    except OSError as failure:
        raise Invalid(f"{file} cannot be read", where="FILE", mend=failure.strerror or "look at it") from failure


def check_fresh(file: Path, where: str) -> None:
    """Raise `Invalid` when there is such a file already."""
    if os.path.lexists(file):
        raise Invalid(f"{file} is there already", where=where, mend="name another file; none is overwritten")


def keep(file: Path, text: str, where: str) -> None:
    """
    Write a new file that only its owner can read, and return when it is on the disk.

    Raises:
        Invalid: there is such a file, or it cannot be written.
    """
    try:
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as opened:
            opened.write(text)
            opened.flush()
            os.fsync(opened.fileno())
        folder = os.open(file.parent, os.O_RDONLY)
        try:
            os.fsync(folder)  # or a crash could take the file's name away
        finally:
            os.close(folder)
    except OSError as failure:
        mend = f"{failure.strerror or 'look at it'}: name another file"
        raise Invalid(f"{file} cannot be written", where=where, mend=mend) from failure


def keep_keys(file: Path | None, keys: Sequence[MadeKey]) -> None:
    """Write the sheet of keys; raises `Invalid`, also when no file was named for them."""
    if file is None:
        raise Invalid(
            f"this makes {len(keys)} keys, which can be read once only",
            where="--keys",
            mend="name a new file for them: --keys keys.csv",
        )
    target = io.StringIO()
    writer = csv.writer(target, lineterminator="\n")
    writer.writerow(KEY_COLUMNS)
    writer.writerows([getattr(key, column) for column in KEY_COLUMNS] for key in keys)
    keep(file, target.getvalue(), "--keys")


def document(done: Imported, keys_file: Path | None) -> Mapping[str, Any]:
    """As the API answers an import; instead of the keys, how many there are and where."""
    found = done.plan
    return {
        "applied": done.applied,
        **found.counts,
        "groups": found.groups,
        "companies": [
            {
                "row": one.row,
                "company_id": one.company_id,
                "name": one.name,
                "action": one.action,
                "changes": one.changes,
            }
            for one in found.companies
        ],
        "error_count": len(found.complaints),
        "errors": [
            {"row": one.row, "column": one.column, "where": one.where, "what": one.what, "mend": one.mend}
            for one in found.complaints[:MOST_COMPLAINTS]
        ],
        "key_count": len(done.keys),
        "keys_file": keys_file if done.keys else None,
    }


def tell(done: Imported, keys_file: Path | None) -> None:
    """What was done, or would be, for people; never a key."""
    found = done.plan
    lines = [f"{name}: a new group" for name in found.groups]
    for one in found.companies:
        if one.action != "unchanged":
            lines.append(f"row {one.row}: {one.action} {one.name}")
            lines += [f"    {_change(change)}" for change in one.changes]
    output.say(*lines[:_SHOWN])
    if len(lines) > _SHOWN:
        output.say(f"… and {len(lines) - _SHOWN} more lines; --json has all.")
    counts = found.counts
    output.say(f"{counts['add']} to add, {counts['change']} to change, {counts['unchanged']} unchanged.")
    if done.keys:
        output.say(f"Done. {len(done.keys)} keys are in {keys_file}, this once: hand them over, then remove the file.")
    elif done.applied:
        output.say("Done.")
    elif found.changes_anything:
        output.say("Nothing was written: this only looked. Do it with --apply.")


def refusal(done: Imported) -> Invalid:
    """Why nothing was done, with the cells above it."""
    complaints = done.plan.complaints
    return Invalid(
        f"{len(complaints)} cells are wrong, so nothing was written",
        where=complaints[0].where,
        mend="mend the sheet and look again",
    )


def tell_complaints(done: Imported) -> None:
    """Every cell that is wrong, in the order of the rows."""
    complaints = done.plan.complaints
    output.say(*(f"{one.where}: {one.what}; {one.mend}" for one in complaints[:_SHOWN]))
    if len(complaints) > _SHOWN:
        output.say(f"… and {len(complaints) - _SHOWN} more; --json has them.")


def _change(change: Change) -> str:
    if change.before is None:
        return f"{change.what}: {change.after}"
    return f"{change.what}: {change.before} → {change.after if change.after is not None else 'none'}"
