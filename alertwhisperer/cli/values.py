"""`NAME=VALUE` options, of which a value may be read from a file so that it stands in no history of commands."""

from collections.abc import Sequence
from pathlib import Path

from alertwhisperer.domain.errors import Invalid

_MOST_BYTES = 64 * 1024


def values_of(given: Sequence[str] | None, *, option: str) -> dict[str, str]:
    """
    What was typed, by name; `NAME=@FILE` is the file's text.

    Raises:
        Invalid: one is not of the form, stands twice, or names a file that cannot be read.
    """
    found: dict[str, str] = {}
    for one in given or ():
        name, sign, value = one.partition("=")
        if not sign or not name or name in found:
            raise Invalid("that is not NAME=VALUE, or a name stands twice", where=option, mend="write NAME=VALUE")
        found[name] = _of_file(Path(value[1:]), name) if value.startswith("@") else value
    return found


def _of_file(path: Path, name: str) -> str:
    try:
        with path.open("rb") as file:
            return file.read(_MOST_BYTES).decode("utf-8")
    except (OSError, UnicodeDecodeError) as failure:
        raise Invalid(f"{path} cannot be read as text", where=name, mend="name a file with the value") from failure
