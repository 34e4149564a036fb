"""
Looks for the secrets of a run in everything that the run stored, logged, answered and printed.

A secret that is shown once may stand in one answer, or in what one command printed; every other finding is a leak. What
stands in the product's own files, such as the password of an example, is nobody's secret.
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import alertwhisperer
from tests.secrets.recorder import KEPT, SHOWN

_ONCE = ("answers-", "printed-")
_LONGEST_FORM = 4_000


@dataclass(frozen=True, slots=True)
class Leak:
    """
    A secret where it must not be.

    Attributes:
        where: file and line of the records; a stored row's file names its table.
        what: the request that was answered, or the kind of record.
        form: how it stands there.
        secret: its kind, length and first letters: enough to know it again in the records, and no more.
    """

    where: str
    what: str
    form: str
    secret: str

    def __str__(self) -> str:
        return f"{self.where} ({self.what}): {self.secret}, as {self.form}"


def find_leaks(folder: Path) -> list[Leak]:
    """Every leak among the records of a folder, in their order."""
    known, said_by_product = secrets_of(folder), _product_s_own()
    forms = {form: (name, secret) for secret in known for name, form in forms_of(secret)}
    shown: defaultdict[bytes, dict[str, Leak]] = defaultdict(dict)
    leaks: list[Leak] = []
    for file, line, found in _grep(folder, forms):
        name, secret = forms[found]
        if secret in said_by_product:
            continue
        kind = known[secret]
        leak = Leak(f"{file}:{line}", _what(folder / file, line), name, _hint(kind, secret))
        if kind == SHOWN and file.startswith(_ONCE):
            shown[secret].setdefault(file if file.startswith("printed-") else f"{file}:{line}", leak)
        else:
            leaks.append(leak)
    # The first answer is the one that shows it; which one that was is not known, so all are named.
    leaks += [leak for places in shown.values() if len(places) > 1 for leak in places.values()]
    return leaks


def secrets_of(folder: Path) -> Mapping[bytes, str]:
    """Every secret of the run, with its kind."""
    known: dict[bytes, str] = {}
    for file in sorted(folder.glob("secrets-*.jsonl")):
        for line in file.read_text(encoding="ascii").splitlines():
            if not line.endswith("]"):
                continue  # its writer was killed in the middle
            kind, value = json.loads(line)
            secret = bytes.fromhex(value)
            if kind == SHOWN or secret not in known:
                known[secret] = kind
    assert all(kind in (SHOWN, KEPT) for kind in known.values())
    return known


def forms_of(secret: bytes) -> Iterator[tuple[str, bytes]]:
    """The ways in which a secret may be written down, each with its name."""
    yield "hexadecimal", secret.hex().encode()
    yield "base64", base64.b64encode(secret).rstrip(b"=")
    yield "URL-safe base64", base64.urlsafe_b64encode(secret).rstrip(b"=")
    try:
        text = secret.decode()
    except UnicodeDecodeError:
        return
    yield "itself", secret
    yield "JSON", json.dumps(text)[1:-1].encode()
    yield "JSON", json.dumps(text, ensure_ascii=False)[1:-1].encode()
    yield "an address", quote(text, safe="").encode()
    yield "a row", text.replace("\\", "\\\\").encode()


def _grep(folder: Path, forms: Mapping[bytes, object]) -> Iterator[tuple[str, int, bytes]]:
    """File, line and text of every match; grep looks for any number of texts at once."""
    files = sorted(
        path.name for path in folder.iterdir() if path.name.startswith(("stored-", "log-", *_ONCE)) and path.is_file()
    )
    wanted = [form for form in forms if b"\n" not in form and len(form) <= _LONGEST_FORM]
    if not files or not wanted:
        return
    with tempfile.NamedTemporaryFile(prefix="aw-patterns-") as patterns, tempfile.TemporaryFile() as names:
        patterns.write(b"\n".join(wanted) + b"\n")
        patterns.flush()
        names.write(b"".join(os.fsencode(name) + b"\0" for name in files))
        names.seek(0)
        command = ["xargs", "-0", "grep", "-aFonH", "-f", patterns.name, "--"]
        done = subprocess.run(
            command, stdin=names, cwd=folder, env={**os.environ, "LC_ALL": "C"}, capture_output=True, check=False
        )
    assert done.stderr == b"", done.stderr[-500:]
    for line in done.stdout.splitlines():
        file, number, found = line.split(b":", 2)
        yield os.fsdecode(file), int(number), found


def _product_s_own() -> bytes:
    return b"\n".join(file.read_bytes() for file in Path(alertwhisperer.__file__).parent.rglob("*.py"))


def _what(file: Path, line: int) -> str:
    if not file.name.startswith("answers-"):
        return file.name.partition("-")[0]
    with file.open(encoding="utf-8", errors="replace") as lines:
        text = next(one for number, one in enumerate(lines, 1) if number == line)
    return str(json.loads(text)[0])


def _hint(kind: str, secret: bytes) -> str:
    return f"a secret of {len(secret)} bytes that is {kind}, {secret[:4]!r}…"
