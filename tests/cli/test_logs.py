"""A log line holds events and keys; no secret, no message of an exception that is not ours."""

import json
import logging

import pytest
import structlog

from alertwhisperer.app import logs
from alertwhisperer.domain.errors import Temporary


def fail(failure: Exception) -> Exception:
    try:
        raise failure
    except type(failure) as caught:
        return caught


def test_lines_are_json_where_no_terminal_reads(capsys: pytest.CaptureFixture[str]) -> None:
    logs.set_up("info")
    structlog.get_logger("x").info("alert.accepted", company="c-1")
    structlog.get_logger("x").debug("unseen")
    line = json.loads(capsys.readouterr().err)
    assert (line["event"], line["company"], line["level"]) == ("alert.accepted", "c-1", "info")


def test_a_stranger_s_exception_is_told_by_type_and_place(capsys: pytest.CaptureFixture[str]) -> None:
    logs.set_up("info", as_json=False)
    structlog.get_logger("x").error("parser.failed", exc_info=fail(ValueError("the body said: hunter2")))
    logging.getLogger("uvicorn.error").error("failed", exc_info=fail(KeyError("hunter2")))
    told = capsys.readouterr().err
    assert "hunter2" not in told
    assert "ValueError" in told
    assert "KeyError" in told
    assert "test_logs.py" in told


def test_our_own_words_are_shown_and_secrets_masked(capsys: pytest.CaptureFixture[str]) -> None:
    logs.set_up("info", as_json=False)
    key = "awk_" + "s" * 43
    structlog.get_logger("x").warning("later", exc_info=fail(Temporary("the database is away")), said=f"Bearer {key}")
    told = capsys.readouterr().err
    assert "the database is away" in told
    assert key not in told
