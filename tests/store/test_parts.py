"""Parts of SQL files: each stands where it is asked for, and a file that is wrong says what is."""

from pathlib import Path

import pytest

import alertwhisperer.store
from alertwhisperer.store.parts import with_parts

FILE = """-- Of the file.
-- part: ours
-- Why it is so.
AND a = :a
AND (:b::text IS NULL
     OR b = :b)

-- name: one
SELECT 1
WHERE true
  -- with: ours
LIMIT 1;

-- name: two$
SELECT 2 WHERE true
-- with: ours
"""


def test_a_part_stands_where_it_is_asked_for() -> None:
    assert (
        with_parts(FILE)
        == """-- Of the file.
-- name: one
SELECT 1
WHERE true
  AND a = :a
  AND (:b::text IS NULL
       OR b = :b)
LIMIT 1;

-- name: two$
SELECT 2 WHERE true
AND a = :a
AND (:b::text IS NULL
     OR b = :b)
"""
    )


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("-- name: one\nSELECT 1\n-- with: ours\n", "no part is called ours"),
        ("-- part: ours\nAND a\n-- name: one\nSELECT 1\n", "no statement has the part ours"),
        ("-- part: ours\nAND a\n-- part: ours\nAND b\n-- name: one\n-- with: ours\n", "written twice"),
        ("-- part: a\n1\n-- with: b\n-- part: b\n1\n-- name: one\n-- with: a\n-- with: b\n", "asks for another"),
    ],
)
def test_a_file_that_is_wrong_is_refused(text: str, what: str) -> None:
    with pytest.raises(ValueError, match=what):
        with_parts(text)


def test_a_file_without_parts_is_left_as_it_is() -> None:
    for path in Path(alertwhisperer.store.__file__).parent.rglob("*.sql"):
        text = path.read_text()
        if "-- part:" not in text:
            assert with_parts(text) == text
