"""Settings are read once, from the environment alone, and a value that is not usable is named with what it means."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import FrozenInstanceError, fields
from pathlib import Path

import pytest

from alertwhisperer.app.build import open_house
from alertwhisperer.app.settings import Settings, describe, load
from alertwhisperer.domain.errors import Invalid, Permanent


def test_an_empty_environment_gives_the_defaults() -> None:
    settings = load({})
    assert (settings.host, settings.port, settings.data_dir) == ("127.0.0.1", 8080, Path("data"))
    assert settings.environment == "production"
    assert settings.database_url == ""
    assert settings.url == "http://127.0.0.1:8080"


def test_an_empty_value_is_no_value() -> None:
    assert load({"ALERTWHISPERER_PORT": "", "DATABASE_URL": ""}) == load({})


def test_the_environment_is_read_and_a_commands_options_win() -> None:
    environ = {
        "ALERTWHISPERER_PORT": "9000",
        "ALERTWHISPERER_HOST": "0.0.0.0",  # noqa: S104 - an example
        "ALERTWHISPERER_LANES": "5",
    }
    settings = load(environ, port=9001, host=None)
    assert (settings.port, settings.host, settings.lanes) == (9001, environ["ALERTWHISPERER_HOST"], 5)


def test_other_variables_mean_nothing() -> None:
    assert load({"PORT": "1", "HOME": "/nowhere", "ALERTWHISPERER_": "x"}) == load({})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ALERTWHISPERER_PORT", "eighty"),
        ("ALERTWHISPERER_PORT", "0"),
        ("ALERTWHISPERER_PORT", "65536"),
        ("ALERTWHISPERER_LANES", "0"),
        ("ALERTWHISPERER_LANES", "1.5"),
        ("ALERTWHISPERER_RETENTION_DAYS", "-1"),
        ("ALERTWHISPERER_LOG_LEVEL", "loud"),
        ("ALERTWHISPERER_ENVIRONMENT", "staging"),
        ("ALERTWHISPERER_OUTBOUND_RESOLVE", "host"),
        ("ALERTWHISPERER_OUTBOUND_RESOLVE", "=127.0.0.1:1"),
        ("ALERTWHISPERER_OUTBOUND_RESOLVE", "host=127.0.0.1"),
    ],
)
def test_an_unusable_value_is_named_with_what_it_means(name: str, value: str) -> None:
    with pytest.raises(Invalid) as told:
        load({"ALERTWHISPERER_ENVIRONMENT": "test", name: value})
    assert told.value.where == name
    assert told.value.what
    assert told.value.mend


@pytest.mark.parametrize(
    "redirecting",
    [{"ALERTWHISPERER_OUTBOUND_RESOLVE": "a.example=127.0.0.1:1"}, {"ALERTWHISPERER_OUTBOUND_CA_FILE": "/ca.pem"}],
    ids=lambda given: next(iter(given)),
)
def test_production_refuses_to_redirect_outside_calls(redirecting: Mapping[str, str]) -> None:
    with pytest.raises(Invalid, match="tests only"):
        load(redirecting)
    with pytest.raises(Invalid, match="tests only"):
        load({**redirecting, "ALERTWHISPERER_ENVIRONMENT": "production"})
    load({**redirecting, "ALERTWHISPERER_ENVIRONMENT": "test"})


def test_pairs_are_read_in_order() -> None:
    settings = load(
        {
            "ALERTWHISPERER_ENVIRONMENT": "test",
            "ALERTWHISPERER_OUTBOUND_RESOLVE": "a.example=127.0.0.1:1, b.example=127.0.0.2:2",
        }
    )
    assert settings.outbound_resolve == (("a.example", "127.0.0.1:1"), ("b.example", "127.0.0.2:2"))


def test_the_public_url_has_no_slash_at_its_end() -> None:
    assert load({"ALERTWHISPERER_PUBLIC_URL": "https://alerts.example.com/"}).url == "https://alerts.example.com"


def test_the_master_key_lies_beside_the_data_and_not_in_it() -> None:
    assert load({"ALERTWHISPERER_DATA_DIR": "/srv/aw"}).master_key_file == Path("/srv/aw.key")
    assert load({"ALERTWHISPERER_KEY_FILE": "/etc/aw.key"}).master_key_file == Path("/etc/aw.key")


def test_every_setting_is_described_and_no_secret_is_shown() -> None:
    secret = "postgresql://owner:hunter2@db/alerts"
    told = describe(load({"DATABASE_URL": secret, "ALERTWHISPERER_SECRET_KEY": "hunter2", "ALERTWHISPERER_PORT": "81"}))
    assert len(told) == len(fields(Settings))
    assert all(one.env and one.meaning.endswith(".") for one in told)
    assert "hunter2" not in str(told)
    assert {one.env for one in told if one.is_set} == {
        "DATABASE_URL",
        "ALERTWHISPERER_SECRET_KEY",
        "ALERTWHISPERER_PORT",
    }


def test_settings_do_not_change_once_read() -> None:
    with pytest.raises(FrozenInstanceError):
        load({}).port = 1  # type: ignore[misc]


async def test_an_application_url_alone_is_refused() -> None:
    with pytest.raises(Permanent, match="DATABASE_URL"):
        async with open_house(load({"DATABASE_APP_URL": "postgresql://app@db/alerts"})):
            pass
