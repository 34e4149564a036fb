"""A real Icinga 2 opens incidents here and resolves them, with the script and objects that our setup text shows."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.peers.conftest import Customer, MakeCustomer
from tests.peers.icinga import NEEDED, Icinga, icinga_running, try_script
from tests.peers.process import await_answer, require

_SHOP, _DISK = "shop-01.example.org", "disk"


def test_a_failing_service_opens_an_incident_that_resolves_when_it_recovers(
    make_customer: MakeCustomer, place: Path
) -> None:
    """With what the check said to the letter; a milder state and an operator's words open nothing."""
    require(*NEEDED)
    customer = make_customer("icinga2")
    with icinga_running(customer.setup, place, _SHOP, _DISK) as icinga:
        before = datetime.now(UTC)
        icinga.set(_DISK, 2, 'DISK "C:\\x" $(id) über 95%\nand a second line')
        [incident] = customer.await_incidents("open", 1, told=icinga.told)
        assert incident["assets"] == [_SHOP]
        assert incident["tools"] == ["icinga2"]
        assert incident["severity"] == "critical"
        [alert] = customer.get("alerts")["items"]
        assert alert["signature"] == _DISK
        assert alert["message"] == 'DISK "C:\\x" $(id) über 95% and a second line'
        assert alert["links"] == {"notes": "https://runbooks.example.org/disk?a=1&b=2"}
        assert abs(datetime.fromisoformat(alert["started_at"]) - before) < timedelta(minutes=1)
        labels = alert["labels"]
        assert (labels["customer"], labels["host_address"], labels["host_groups"]) == (
            *("Example Ltd", "192.0.2.7"),
            "shops",
        )

        icinga.set(_DISK, 1, "DISK 85%")
        _await_ledger(icinga, customer, repeat=1)
        icinga.acknowledge(_SHOP, _DISK, "ada", "looking into it")
        _await_ledger(icinga, customer, noted=1)
        assert [incident["status"] for incident in customer.incidents()] == ["open"]

        icinga.set(_DISK, 0, "DISK 20%")
        [resolved] = customer.await_incidents("resolved", 1, told=icinga.told)
    assert resolved["id"] == incident["id"]
    assert resolved["firing_count"] == 0
    told = customer.get("ledger")
    assert (told["new"], told["repeat"], told["noted"], told["resolve"]) == (1, 1, 1, 1)


def test_a_host_that_is_down_opens_an_incident_that_resolves_when_it_is_up(
    make_customer: MakeCustomer, place: Path
) -> None:
    """Nothing of a service is in it."""
    require(*NEEDED)
    customer = make_customer("icinga2")
    with icinga_running(customer.setup, place, _SHOP, _DISK) as icinga:
        icinga.set(_SHOP, 2, "no answer")
        [incident] = customer.await_incidents("open", 1, told=icinga.told)
        assert (incident["assets"], incident["severity"]) == ([_SHOP], "critical")
        [alert] = customer.get("alerts")["items"]
        assert (alert["signature"], alert["message"]) == ("Host Status", "no answer")
        assert "service_state" not in alert["labels"]

        icinga.set(_SHOP, 0, "it answers")
        [resolved] = customer.await_incidents("resolved", 1, told=icinga.told)
    assert resolved["id"] == incident["id"]


def test_the_trial_of_the_setup_shows_as_a_test_and_opens_nothing(make_customer: MakeCustomer, place: Path) -> None:
    """What a person runs first; it needs Python alone."""
    customer = make_customer("icinga2")
    ended = try_script(customer.setup, place)
    assert (ended.returncode, ended.stderr) == (0, b"")
    await_answer(lambda: customer.get("ledger")["noted"] == 1 or None, "the trial to be noted")
    assert customer.incidents() == []


def test_a_wrong_key_is_told_to_whoever_runs_the_trial(make_customer: MakeCustomer, place: Path) -> None:
    """And the key is not in it."""
    customer = make_customer("icinga2")
    ended = try_script(customer.setup.replace(customer.sender.api_key, "awk_" + "0" * 43), place)
    assert ended.returncode == 2
    assert b"401" in ended.stderr
    assert b"awk_" not in ended.stderr


def _await_ledger(icinga: Icinga, customer: Customer, **expected: int) -> None:
    def ask() -> bool | None:
        told = customer.get("ledger")
        return all(told[name] == count for name, count in expected.items()) or None

    await_answer(ask, f"{expected} in the ledger", told=icinga.told)
