"""A real Zabbix opens incidents here and resolves them, with our media type imported as our setup text says."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from importlib.resources import as_file, files

import pytest

import alertwhisperer.sources
from tests.database import Migrated
from tests.peers.conftest import Customer, MakeCustomer
from tests.peers.process import await_answer, require
from tests.peers.zabbix import ADDRESS, NEEDED, ZONE, Zabbix, zabbix_running
from tests.places import open_place

_HIGH, _DISASTER = 4, 5


@pytest.fixture(scope="module")
def zabbix(migrated: Migrated) -> Iterator[Zabbix]:
    """One Zabbix for the tests of this file."""
    require(*NEEDED)
    with open_place("aw-zabbix-") as place, zabbix_running(migrated.owner_dsn, place) as started:
        yield started


@pytest.fixture
def customer(zabbix: Zabbix, make_customer: MakeCustomer) -> Customer:
    """A company whose Zabbix this is now: media type, user, action and zone are set as the setup text says."""
    made = make_customer("zabbix", timezone=ZONE)
    with as_file(files(alertwhisperer.sources).joinpath("files/zabbix-media-type.yaml")) as file:
        zabbix.add_media_type(file, made.webhook_url, made.sender.api_key)
    return made


def test_a_problem_opens_an_incident_that_its_recovery_resolves(zabbix: Zabbix, customer: Customer) -> None:
    """With host, trigger, severity, time and link of Zabbix; an operator's comment changes nothing."""
    zabbix.add_host("db-01.example.org", trigger="Free disk space is low", severity=_HIGH)
    zabbix.send("db-01.example.org", 50)
    before = datetime.now(UTC)
    zabbix.send("db-01.example.org", 5)
    [incident] = customer.await_incidents("open", 1, told=zabbix.told)
    assert incident["assets"] == ["db-01.example.org"]
    assert incident["tools"] == ["zabbix"]
    assert incident["severity"] == "high"
    assert incident["alert_count"] == incident["firing_count"] == 1
    [alert] = customer.get("alerts")["items"]
    assert alert["signature"] == alert["message"] == "Free disk space is low"
    assert alert["labels"]["tag.scope"] == "capacity"
    assert alert["labels"]["host_ip"] == "192.0.2.7"
    assert alert["links"]["console"].startswith(f"{ADDRESS}/tr_events.php?triggerid=")
    assert abs(datetime.fromisoformat(alert["started_at"]) - before) < timedelta(minutes=1)

    zabbix.comment("I am looking at it")
    _await_noted(zabbix, customer, 1)
    assert [incident["status"] for incident in customer.incidents()] == ["open"]

    zabbix.send("db-01.example.org", 50)
    [resolved] = customer.await_incidents("resolved", 1, told=zabbix.told)
    assert resolved["id"] == incident["id"]
    assert len(customer.incidents()) == 1
    told = customer.get("ledger")
    assert (told["received"], told["new"], told["resolve"], told["noted"]) == (3, 1, 1, 1)


def test_two_applications_with_one_problem_each_are_two_incidents_of_one_alert(
    zabbix: Zabbix, customer: Customer
) -> None:
    """Each is resolved by its own recovery."""
    hosts = ("shop-01.example.org", "billing-01.example.org")
    for host in hosts:
        zabbix.add_host(host, trigger="Application is down", severity=_DISASTER)
    for host in hosts:
        zabbix.send(host, 5)
    opened = customer.await_incidents("open", 2, told=zabbix.told)
    assert sorted(incident["assets"] for incident in opened) == [[host] for host in sorted(hosts)]
    assert [incident["alert_count"] for incident in opened] == [1, 1]
    assert {incident["severity"] for incident in opened} == {"critical"}

    zabbix.send("shop-01.example.org", 50)
    [resolved] = customer.await_incidents("resolved", 1, told=zabbix.told)
    assert resolved["assets"] == ["shop-01.example.org"]
    zabbix.send("billing-01.example.org", 50)
    customer.await_incidents("resolved", 2, told=zabbix.told)
    assert [incident["alert_count"] for incident in customer.incidents()] == [1, 1]


def test_the_test_button_shows_as_a_test_and_opens_nothing(zabbix: Zabbix, customer: Customer) -> None:
    """What a person presses first."""
    told = zabbix.press_test()
    assert told["response"] == "success", told
    _await_noted(zabbix, customer, 1)
    assert customer.incidents() == []


def test_a_wrong_key_is_told_to_whoever_presses_the_test_button(zabbix: Zabbix, customer: Customer) -> None:
    """Zabbix shows our refusal, and the key is not in it."""
    with as_file(files(alertwhisperer.sources).joinpath("files/zabbix-media-type.yaml")) as file:
        zabbix.add_media_type(file, customer.webhook_url, "awk_" + "0" * 43)
    told = zabbix.press_test()
    assert told["response"] == "failed"
    assert "401" in told["info"]
    assert "awk_" not in told["info"]


def _await_noted(zabbix: Zabbix, customer: Customer, count: int) -> None:
    def ask() -> bool | None:
        noted: int = customer.get("ledger")["noted"]
        return noted == count or None

    await_answer(ask, f"{count} noted in the ledger", told=zabbix.told)
