"""Zabbix's messages become occurrences; its media type, which we ship, sends exactly what the parser reads."""

import json
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

import alertwhisperer.sources
from alertwhisperer.domain.occurrence import Kind
from alertwhisperer.domain.severity import Severity
from alertwhisperer.sources.zabbix import SOURCE
from tests.sources.stored import load, only, request

MEDIA_TYPE = Path(alertwhisperer.sources.__file__).parent / "files" / "zabbix-media-type.yaml"


def test_a_problem_is_read() -> None:
    said = only(SOURCE, "firing")
    assert said.kind is Kind.FIRING
    assert said.content.asset == "db-01"
    assert said.content.signature == "Free disk space is low"
    assert said.content.message == "Free disk space is less than 10% on /"
    assert said.content.labels["tag.scope"] == "capacity"
    assert said.content.links == {"console": "https://zbx.example.com/tr_events.php?triggerid=20112&eventid=18213"}
    assert said.severity is Severity.HIGH
    assert (said.problem, said.cycle) == ("20112:db-01", "18213")
    assert said.started_at == datetime(2026, 11, 20, 10, 15, 30, tzinfo=UTC)


def test_a_recovery_keeps_the_problems_id_and_start() -> None:
    fired, ended = only(SOURCE, "firing"), only(SOURCE, "resolved")
    assert ended.kind is Kind.RESOLVED
    assert (ended.cycle, ended.started_at) == (fired.cycle, fired.started_at)
    assert ended.ended_at == datetime(2026, 11, 20, 10, 15, 50, tzinfo=UTC)


@pytest.mark.parametrize(
    ("name", "note"),
    [
        ("update", "operator_update"),
        ("discovery", "discovery"),
        ("autoregistration", "autoregistration"),
        ("test", "test"),
    ],
)
def test_what_is_no_problem_changes_nothing(name: str, note: str) -> None:
    said = only(SOURCE, name)
    assert (said.kind, said.note) == (Kind.NOTED, note)


@pytest.mark.parametrize(
    ("name", "severity"),
    [("warning", Severity.LOW), ("renamed-severity", Severity.CRITICAL), ("internal", Severity.INFO)],
)
def test_numbers_say_the_severity(name: str, severity: Severity) -> None:
    assert only(SOURCE, name).severity is severity


def test_a_name_with_a_value_in_it_does_not_make_another_problem() -> None:
    first, second = only(SOURCE, "firing"), only(SOURCE, "event-name-changes")
    assert first.problem == second.problem
    assert first.content.signature == second.content.signature
    assert first.cycle != second.cycle


def test_times_are_in_the_zone_of_the_server() -> None:
    assert only(SOURCE, "timezone").started_at == datetime(2026, 11, 20, 10, 15, 30, tzinfo=UTC)


def test_macros_without_a_value_are_absent() -> None:
    said = only(SOURCE, "unknown-macros")
    assert said.content.asset == "10.0.0.7"
    assert said.content.links == {}


def test_broken_tags_are_left_out() -> None:
    assert not any(name.startswith("tag.") for name in only(SOURCE, "broken-tags").content.labels)


def test_a_service_fires_and_ends() -> None:
    fired, ended = only(SOURCE, "service"), only(SOURCE, "service-resolved")
    assert (fired.content.asset, fired.content.signature) == ("Shop", "service status")
    assert fired.problem == ended.problem
    assert ended.kind is Kind.RESOLVED


def media_type() -> dict[str, Any]:
    """The one media type of the shipped file."""
    (only_one,) = yaml.safe_load(MEDIA_TYPE.read_text())["zabbix_export"]["media_types"]
    assert isinstance(only_one, dict)
    return only_one


def test_the_media_type_has_the_form_that_zabbix_imports() -> None:
    export = yaml.safe_load(MEDIA_TYPE.read_text())["zabbix_export"]
    assert set(export) == {"version", "date", "media_types"}
    assert export["version"] == "6.0"
    assert isinstance(export["date"], str), "quoted, or YAML makes a time of it and Zabbix refuses"
    kind = media_type()
    assert kind["type"] == "WEBHOOK"
    assert set(kind) <= {
        *("name", "type", "parameters", "script", "timeout", "max_sessions", "attempts", "attempt_interval"),
        *("description", "message_templates"),
    }
    assert all(isinstance(kind[name], str) for name in ("timeout", "max_sessions", "attempts", "attempt_interval"))
    assert all(set(one) == {"name", "value"} for one in kind["parameters"])
    assert all(isinstance(one["value"], str) for one in kind["parameters"])
    names = [one["name"] for one in kind["parameters"]]
    assert len(names) == len(set(names))


def test_the_media_type_sends_every_key_that_the_sample_has() -> None:
    names = {one["name"] for one in media_type()["parameters"]}
    assert set(load("zabbix", "firing").document) <= names
    assert {"webhook_url", "api_key"} <= names


def test_the_media_type_has_a_message_for_every_event_that_the_parser_knows() -> None:
    modes = {(one["event_source"], one["operation_mode"]) for one in media_type()["message_templates"]}
    assert {("TRIGGERS", mode) for mode in ("PROBLEM", "RECOVERY", "UPDATE")} <= modes
    assert {source for source, _ in modes} == {"TRIGGERS", "DISCOVERY", "AUTOREGISTRATION", "INTERNAL", "SERVICE"}


RUN = """
const asked = [];
globalThis.Zabbix = {log() {}};
globalThis.HttpRequest = function () {
    const headers = [];
    this.addHeader = header => headers.push(header);
    this.post = (url, body) => { asked.push({url, body: JSON.parse(body), headers}); return 'answer'; };
    this.getStatus = () => STATUS;
};
let returned = null, thrown = null;
try { returned = new Function('value', SCRIPT)(VALUE); } catch (error) { thrown = String(error); }
console.log(JSON.stringify({asked, returned, thrown}));
"""


def run_script(parameters: dict[str, str], status: int) -> Any:
    """The media type's script in Node, with Zabbix's objects played by us."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("there is no node here to run the media type's script")
    code = RUN.replace("STATUS", str(status)).replace("VALUE", json.dumps(json.dumps(parameters)))
    code = code.replace("SCRIPT", json.dumps(media_type()["script"]))
    done = subprocess.run([node, "-e", code], capture_output=True, text=True, check=True, timeout=30)
    return json.loads(done.stdout)


FILLED = {"webhook_url": "https://aw.example.com/api/webhooks/zabbix", "api_key": "k3y", "event_id": "7"}


def test_the_script_posts_everything_but_its_own_parameters() -> None:
    said = run_script(FILLED, 202)
    assert said["returned"] == "OK"
    (asked,) = said["asked"]
    assert asked["url"] == FILLED["webhook_url"]
    assert asked["body"] == {"event_id": "7"}
    assert "X-API-Key: k3y" in asked["headers"]


@pytest.mark.parametrize(
    ("changes", "status", "word"),
    [
        ({}, 503, "answered 503"),
        ({}, 401, "answered 401"),
        ({"webhook_url": "{webhook_url}"}, 202, "webhook_url"),
        ({"api_key": "{api_key}"}, 202, "api_key"),
        ({"api_key": ""}, 202, "api_key"),
    ],
)
def test_the_script_throws_so_that_zabbix_tries_again_and_shows_why(
    changes: dict[str, str], status: int, word: str
) -> None:
    said = run_script(FILLED | changes, status)
    assert word in said["thrown"]
    assert "k3y" not in said["thrown"]


def test_an_unknown_time_zone_is_refused_with_a_word_of_help() -> None:
    (timezone,) = SOURCE.settings
    assert timezone.check("Europe/Berlin") is None
    assert "time zone" in (timezone.check("Mars/Olympus") or "")
    assert timezone.check("../../etc/passwd") is not None


def test_an_address_without_a_host_is_no_link() -> None:
    event = load("zabbix", "firing").document | {"zabbix_url": "https://"}
    ((_, said),) = SOURCE.parse(request(event)).occurrences
    assert said.content.links == {}
