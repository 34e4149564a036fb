"""Keys: long, unlike each other, and never in a text that went through `mask`."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertwhisperer.guard.keys import hint, mask, new_calendar, new_key, new_secret, new_token


def test_keys_and_tokens_have_their_prefix_and_43_letters() -> None:
    assert re.fullmatch(r"awk_[A-Za-z0-9_-]{43}", new_key())
    assert re.fullmatch(r"awt_[A-Za-z0-9_-]{43}", new_token())
    assert re.fullmatch(r"awc_[A-Za-z0-9_-]{43}", new_calendar())
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", new_secret())
    assert len({new_key() for _ in range(100)}) == 100


def test_a_hint_is_the_first_eight_letters() -> None:
    assert hint("awk_abcdefgh") == "awk_abcd"


@given(before=st.text(max_size=60), after=st.text(max_size=60))
def test_no_text_around_a_key_saves_it_from_the_mask(before: str, after: str) -> None:
    key = new_key()
    masked = mask(before + key + after)
    assert key not in masked
    assert key[8:] not in masked


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("Authorization: Bearer abc.def.ghi", "abc.def.ghi"),
        ("authorization: basic dXNlcjpwYXNz", "dXNlcjpwYXNz"),
        ("Authorization: GenieKey 12345678-aaaa", "12345678-aaaa"),
        ("https://user:hunter2@host/path", "hunter2"),
        ("GET /x?api_key=hunter2&y=1", "hunter2"),
        ('{"routing_key": "hunter2", "a": 1}', "hunter2"),
        ('{"password":"two words"}', "two words"),
        ("DB_PASSWORD=hunter2 and more", "hunter2"),
        ("X-Signature: sha256=hunter2", "hunter2"),
        ("secret whsec_aGVsbG8+aGVsbG8/ok==", "aGVsbG8"),
    ],
)
def test_what_looks_secret_is_masked(text: str, secret: str) -> None:
    masked = mask(text)
    assert secret not in masked
    assert "***" in masked


@pytest.mark.parametrize(
    "text",
    ["disk full on db-1: 91% of /var", "the tokens of a bucket", "https://example.org:8080/a@b", "user@host", ""],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert mask(text) == text


def test_a_key_keeps_its_hint_wherever_it_stands() -> None:
    key = new_key()
    for text in (f"api_key={key}", f"Authorization: {key}", f"the key {key}."):
        assert key[:8] in mask(text)


def test_a_long_hostile_text_is_masked_in_time() -> None:
    for piece in ("a_", "://a:", "token", '="', "bearer "):
        mask(piece * 20_000)


def test_a_calendars_address_is_masked_down_to_its_hint() -> None:
    secret = new_calendar()
    masked = mask(f"GET /api/on-call/calendar/{secret}/on-call.ics")
    assert secret[8:] not in masked
    assert hint(secret) in masked
