"""New files on this machine: only their owner reads them, none is overwritten, one that was not finished goes again."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from alertwhisperer.domain.errors import Invalid


@contextmanager
def new_file(file: Path, where: str) -> Iterator[BinaryIO]:
    """
    A new file to write; it is on the disk when the block ends, and gone when the block raises.

    Args:
        where: the option that named it, for complaints.

    Raises:
        Invalid: there is such a file, or it cannot be written.
    """
    try:
        opened = os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")
    except OSError as failure:
        raise _complaint(file, where, failure) from failure
    try:
        with opened:
            yield opened
            opened.flush()
            os.fsync(opened.fileno())
    except OSError as failure:
        file.unlink()
        raise _complaint(file, where, failure) from failure
    except BaseException:
        file.unlink()
        raise


def _complaint(file: Path, where: str, failure: OSError) -> Invalid:
    mend = f"{failure.strerror or 'look at it'}: name another file"
    return Invalid(f"{file} cannot be written", where=where, mend=mend)
