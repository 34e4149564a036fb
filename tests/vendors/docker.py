"""
Docker's program as far as the executor calls it, played by a few lines of shell.

No daemon runs where these tests run. What is played is `docker exec --interactive ID PROGRAM ARGUMENT…`: the program of
this machine with the same standard streams and the same exit code, and docker's own exit codes where the container is
not there. That a real daemon does so too, nobody has seen here.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

CONTAINER = "0123456789abcdef" * 4

_PLAYED = f"""\
#!/bin/sh
echo "$#" >> "{{place}}/calls"
[ "$1 $2" = "exec --interactive" ] || exit 125
if [ "$3" != "{CONTAINER}" ]; then echo "Error response from daemon: No such container: $3" >&2; exit 125; fi
shift 3
exec "$@"
"""


@contextmanager
def docker(place: Path) -> Iterator[Path]:
    """Found as `docker` until the block ends; its file `calls` has a line for each call."""
    program = place / "bin" / "docker"
    program.parent.mkdir()
    program.write_text(_PLAYED.format(place=place))
    program.chmod(0o755)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", str(program.parent), prepend=":")
        yield place / "calls"
