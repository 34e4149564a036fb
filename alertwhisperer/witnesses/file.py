"""
Witness: a folder, with one file for each checkpoint.

It withstands whoever can change the database and not this folder: put it on another disk, or on a share that only adds.
"""

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

from alertwhisperer.domain.errors import Invalid, Temporary
from alertwhisperer.witnesses.contract import (
    Means,
    Witness,
    WitnessKind,
    contradiction,
    name_of,
    wrong_address,
)

_EXAMPLE = "file:/srv/checkpoints"
_PER_FOLDER = 10_000  # a week of checkpoints: more files in one folder make listings slow
_SETUP = """\
A folder outside the database's own, made when it is absent. Each checkpoint is a file of its own, written to the disk
before it counts and never overwritten. It is no better than the folder: give it to another account, another disk or a
share that only adds, and copy it away.
"""


class Folder:
    """Checkpoints in a folder."""

    readable = True

    def __init__(self, path: Path) -> None:
        self.name = f"file:{path}"
        self._path = path

    async def put(self, number: int, document: bytes) -> None:
        """Keep a checkpoint; see the contract."""
        await asyncio.to_thread(self._put, number, document)

    async def read_all(self) -> AsyncIterator[bytes]:
        """Everything that it keeps, by number; see the contract."""
        if not self._path.is_dir():
            raise Invalid(f"there is no folder {self._path}", where=self.name, mend="name the folder of checkpoints")
        for path in await asyncio.to_thread(lambda: list(self._files())):
            yield await asyncio.to_thread(path.read_bytes)

    def _put(self, number: int, document: bytes) -> None:
        path = self._path / f"{number // _PER_FOLDER:08d}" / name_of(number)
        try:
            if not self._appear(path, document) and path.read_bytes() != document:
                raise contradiction(self.name, number)
        except OSError as failure:
            raise Temporary(f"{self.name} cannot be written: {failure.strerror or failure}") from failure

    @staticmethod
    def _appear(path: Path, document: bytes) -> bool:
        """Whole or not at all; false when there is one already."""
        if path.exists():
            return False
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=".checkpoint-", dir=path.parent)
        draft = Path(name)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(document)
                file.flush()
                os.fchmod(file.fileno(), 0o440)
                os.fsync(file.fileno())
            try:
                os.link(draft, path)  # refuses to replace, as a rename would not
            except FileExistsError:
                return False
        finally:
            draft.unlink()
        for folder in (path.parent, path.parent.parent):
            _sync(folder)
        return True

    def _files(self) -> Iterator[Path]:
        for folder in sorted(self._path.iterdir()):
            if folder.is_dir():
                yield from sorted(folder.glob("[0-9]*.json"))


def _sync(folder: Path) -> None:
    """Without it a power cut could take the file's name away."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _open(address: str, means: Means) -> Witness:
    path = address.removeprefix("file:")
    path = path.removeprefix("//") if path.startswith("///") else path
    if not path or "\x00" in path:
        raise wrong_address(address, _EXAMPLE)
    return Folder(Path(path).absolute())


WITNESS = WitnessKind("file", "A folder", "file", _EXAMPLE, _SETUP, _open)
