"""After all other suites: none of the secrets that they used is in a database, a log or an answer."""

import pytest

from tests.recording import records
from tests.secrets.search import find_leaks, secrets_of


def test_no_secret_of_the_run_is_anywhere() -> None:
    folder = records()
    if folder is None:
        pytest.skip("nothing was recorded: `make test` records, one suite alone does not")
    assert secrets_of(folder), "the run used no secret at all: the recorder does not work"
    leaks = find_leaks(folder)
    assert not leaks, "\n".join(map(str, leaks))
