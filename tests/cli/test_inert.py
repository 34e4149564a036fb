"""What strangers wrote cannot steer the terminal."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertwhisperer.cli.inert import inert


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("disk full on db-01", "disk full on db-01"),
        ("\x1b[2J\x1b]0;owned\x07gone", "·[2J·]0;owned·gone"),
        ("one\r\ntwo\tthree", "one two three"),
        ("a\u202egnp.exe", "a·gnp.exe"),
        ("Größe überschritten – 97 %", "Größe überschritten – 97 %"),
    ],
)
def test_text_is_shown_and_never_obeyed(text: str, shown: str) -> None:
    assert inert(text) == shown


@given(st.text())
def test_no_control_character_is_left(text: str) -> None:
    assert all(letter.isprintable() for letter in inert(text))
