"""docs/mapping.md: every example reads as it says, and no word of the language is missing."""

import json
import re
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
import pytest

from alertwhisperer.ingest.reading import parse
from alertwhisperer.ingest.trial import Tried, told
from alertwhisperer.sources._mapping import document, response_complaint
from alertwhisperer.sources.contract import Parsed
from alertwhisperer.sources.generic import SOURCE
from tests.docs.pages import DOCS
from tests.sources.stored import NOW, request

PAGE = (DOCS / "mapping.md").read_text(encoding="utf-8")
_EXAMPLE = re.compile(
    r"^### ([^\n]+)\n(?:(?!^###? ).)*?"
    r"^```json body\n(.*?)^```\n+^```json mapping\n(.*?)^```\n+^```json gives\n(.*?)^```",
    re.MULTILINE | re.DOTALL,
)
EXAMPLES = {name: tuple(map(json.loads, parts)) for name, *parts in _EXAMPLE.findall(PAGE)}


def occurrences(body: Any, mapping: Any) -> list[dict[str, Any]]:
    """What a mapping makes of a body, as a trial shows it."""
    parsed = parse(SOURCE, request(body, settings={"mapping": mapping}))
    assert isinstance(parsed, Parsed), parsed
    assert not parsed.refused
    tried = Tried(UUID(int=0), "generic", 1, NOW, None, parsed.occurrences, (), {}, {}, 0, (), None, ())
    shown: list[dict[str, Any]] = told(tried)["occurrences"]
    return shown


def test_there_is_an_example_of_each_part() -> None:
    assert len(EXAMPLES) == PAGE.count("```json body") == len(re.findall("^### ", PAGE, re.MULTILINE)) >= 7


@pytest.mark.parametrize("name", list(EXAMPLES))
def test_an_example_reads_as_it_says(name: str) -> None:
    body, mapping, gives = EXAMPLES[name]
    found = occurrences(body, mapping)
    assert len(found) == len(gives)
    for one, wanted in zip(found, gives, strict=True):
        assert {field: _plain(one[field]) for field in wanted} == wanted


def test_two_objects_of_one_check_are_two_problems() -> None:
    body, mapping, _ = EXAMPLES["Identity"]
    assert len({one["problem"] for one in occurrences(body, mapping)}) == 2


def test_the_answer_can_be_given() -> None:
    found = re.findall(r"^```json response\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    assert found
    assert all(response_complaint(json.loads(one)) is None for one in found)


def test_every_word_of_the_language_is_explained() -> None:
    kinds = [kind for kind in vars(document).values() if isinstance(kind, type) and issubclass(kind, msgspec.Struct)]
    words = {name for kind in kinds if kind.__module__ == document.__name__ for name in kind.__struct_encode_fields__}
    assert len(words) > 40
    assert {
        word for word in words if f"`{word}`" not in PAGE and f'"{word}"' not in PAGE and f".{word}`" not in PAGE
    } == set()


def _plain(value: Any) -> Any:
    return value.isoformat().replace("+00:00", "Z") if isinstance(value, datetime) else value
