"""Secrets do not pass, in whatever pieces they come: what is shown while a script runs is a beginning of its end."""

from collections.abc import Sequence
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from alertwhisperer.domain.execution import Ending, Outcome
from alertwhisperer.remediate.masking import Passing, masked

KEY = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAABG5vbmU\nshort\n-----END OPENSSH PRIVATE KEY-----"
SECRETS = (KEY, "correct horse\nbattery staple", "hunter2hunter2", "aXaXa\nXaXa")
_OTHER_KEY = "-----BEGIN RSA PRIVATE KEY-----\nMIIEow\n-----END RSA PRIVATE KEY-----\n"
_PIECES = st.sampled_from(
    [
        *SECRETS,
        *(line for secret in SECRETS for line in (*secret.splitlines(), secret[: len(secret) // 2])),
        *(_OTHER_KEY, _OTHER_KEY[:40], _OTHER_KEY[40:], "-----BEGIN PRIVATE KEY-----", "-----END PRIVATE KEY-----"),
        *("password=", "password: ", "token = '", "Bearer ", "abcdefgh12345678", "https://user:", "pw@host/", "AKIA"),
        *("ABCDEFGHIJKLMNOP", "eyJhbGciOiJI.", "eyJzdWIiOiIx.c2ln", "ghp_", "A" * 24, "\n", "\r", "\r\n", " ", "x"),
    ]
)


def shown(pieces: Sequence[bytes], secrets: Sequence[str] = SECRETS) -> bytes:
    """All that passes of a text in pieces."""
    passing = Passing(secrets)
    return b"".join([passing.take(one) for one in pieces])


@given(parts=st.lists(_PIECES, max_size=30), cuts=st.lists(st.integers(0, 2_000), max_size=12))
def test_what_passes_is_a_beginning_of_what_is_stored(parts: list[str], cuts: list[int]) -> None:
    """Whatever stands in a text and wherever it is cut: nothing passes that the end would not show."""
    text = "".join(parts).encode()
    places = sorted({0, len(text), *(one for one in cuts if one < len(text))})
    pieces = [text[start:end] for start, end in pairwise(places)]
    stored = masked(Outcome(Ending.SUCCEEDED, "", stdout=text), SECRETS).stdout
    assert stored.startswith(shown(pieces))
    assert stored.startswith(shown([text[at : at + 1] for at in range(len(text))]))


def test_whole_lines_pass_at_once_and_a_line_that_is_not_whole_waits() -> None:
    passing = Passing(SECRETS)
    assert passing.take(b"one\ntwo\nthr") == b"one\ntwo\n"
    assert passing.take(b"ee") == b""
    assert passing.take(b" 50%\r 60%\r") == b"three 50%\r 60%\r"  # a bar that counts in one line


def test_a_secret_that_is_cut_in_two_does_not_pass() -> None:
    for secret, told in (("hunter2hunter2", "***"), ("password=abcdef", "password=***"), (KEY, "***")):
        for at in range(1, len(secret)):
            assert (
                shown([f"so: {secret[:at]}".encode(), f"{secret[at:]}\nend\n".encode()])
                == f"so: {told}\nend\n".encode()
            )


def test_a_private_key_waits_for_its_end_and_a_known_secret_for_its_last_line() -> None:
    passing = Passing(SECRETS)
    assert passing.take(b"a\n-----BEGIN RSA PRIVATE KEY-----\nMIIEow\n") == b"a\n"
    assert passing.take(b"-----END RSA PRIVATE KEY-----\nb\n") == b"***\nb\n"
    assert passing.take(b"c\nit is correct horse\n") == b"c\n"
    assert passing.take(b"of course\n") == b"it is correct horse\nof course\n"


def test_what_never_ends_stops_it_for_good() -> None:
    """Memory has an end, and what is held back does not pass because of that."""
    passing = Passing(SECRETS)
    assert passing.take(b"a\n-----BEGIN PRIVATE KEY-----\n") == b"a\n"
    for _ in range(70):
        assert passing.take(b"x" * 1_023 + b"\n") == b""
    assert passing.is_stopped
    assert passing.take(b"-----END PRIVATE KEY-----\nb\n") == b""
