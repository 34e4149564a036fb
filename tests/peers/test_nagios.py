"""A real Nagios Core opens incidents here and resolves them, with the script and objects that our setup text shows."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.peers.conftest import Customer, MakeCustomer
from tests.peers.nagios import NEEDED, Nagios, nagios_running
from tests.peers.process import await_answer, require

_SHOP, _DISK = "shop-01.example.org", "Disk C:"


def test_a_failing_service_opens_an_incident_that_resolves_when_it_recovers(
    make_customer: MakeCustomer, place: Path
) -> None:
    """What the check says stays words to the shell; an operator's open nothing, and the next failure is a new cycle."""
    require(*NEEDED)
    customer = make_customer("nagios")
    hostile = f"DISK 'full' $(touch {place}/ran) `touch {place}/ran`; touch {place}/ran & über 95%"
    with nagios_running(customer.setup, place, _SHOP, _DISK) as nagios:
        before = datetime.now(UTC)
        _service(nagios, 2, hostile)
        [incident] = customer.await_incidents("open", 1, told=nagios.told)
        assert not (place / "ran").exists()
        assert (incident["assets"], incident["tools"]) == ([_SHOP], ["nagios"])
        assert incident["severity"] == "critical"
        [alert] = customer.get("alerts")["items"]
        assert alert["signature"] == _DISK
        assert alert["message"].startswith("DISK full (touch ")
        assert alert["message"].endswith("über 95%")
        assert alert["links"] == {"notes": "https://runbooks.example.org/disk?a=1&b=2"}
        assert abs(datetime.fromisoformat(alert["started_at"]) - before) < timedelta(minutes=1)
        labels = alert["labels"]
        assert (labels["customer"], labels["host_address"], labels["host_groups"]) == (
            *("Example Ltd", "192.0.2.7"),
            "shops",
        )

        nagios.command("ACKNOWLEDGE_SVC_PROBLEM", _SHOP, _DISK, 1, 1, 0, "ada", "it's me")
        _await_ledger(nagios, customer, noted=1)
        _service(nagios, 0, "DISK 20%")
        [resolved] = customer.await_incidents("resolved", 1, told=nagios.told)
        assert (resolved["id"], resolved["firing_count"]) == (incident["id"], 0)

        _service(nagios, 2, "DISK 96%")
        _await_ledger(nagios, customer, new=2)
        _service(nagios, 0, "DISK 21%")
        _await_ledger(nagios, customer, resolve=2)
    told = customer.get("ledger")
    assert (told["new"], told["noted"], told["resolve"], told["stale"]) == (2, 1, 2, 0)


def test_a_host_that_is_down_opens_an_incident_that_resolves_when_it_is_up(
    make_customer: MakeCustomer, place: Path
) -> None:
    """The macros of services, which Nagios leaves as they are then, are not in it."""
    require(*NEEDED)
    customer = make_customer("nagios")
    with nagios_running(customer.setup, place, _SHOP, _DISK) as nagios:
        nagios.command("PROCESS_HOST_CHECK_RESULT", _SHOP, 1, "no answer")
        [incident] = customer.await_incidents("open", 1, told=nagios.told)
        assert (incident["assets"], incident["severity"]) == ([_SHOP], "critical")
        [alert] = customer.get("alerts")["items"]
        assert (alert["signature"], alert["message"]) == ("Host Status", "no answer")
        assert not any("$" in text for text in alert["labels"].values())

        nagios.command("PROCESS_HOST_CHECK_RESULT", _SHOP, 0, "it answers")
        [resolved] = customer.await_incidents("resolved", 1, told=nagios.told)
    assert resolved["id"] == incident["id"]


def _service(nagios: Nagios, code: int, output: str) -> None:
    nagios.command("PROCESS_SERVICE_CHECK_RESULT", _SHOP, _DISK, code, output)


def _await_ledger(nagios: Nagios, customer: Customer, **expected: int) -> None:
    def ask() -> bool | None:
        told = customer.get("ledger")
        return all(told[name] == count for name, count in expected.items()) or None

    await_answer(ask, f"{expected} in the ledger", told=nagios.told)
