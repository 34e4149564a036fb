"""A real Prometheus and Alertmanager open incidents here and resolve them, set up as our setup text says."""

from pathlib import Path

import pytest

from tests.peers.alertmanager import PROGRAMS, Applications, watching
from tests.peers.conftest import MakeCustomer
from tests.peers.process import require


def test_a_failing_application_opens_an_incident_that_resolves_when_it_recovers(
    make_customer: MakeCustomer, place: Path
) -> None:
    """The incident names asset, tool, severity and the rule's words; the recovery resolves it."""
    require(*PROGRAMS)
    customer = make_customer("prometheus")
    applications = Applications("shop-01.example.org")
    with watching(applications, customer.setup, place) as watch:
        assert customer.incidents() == []
        applications.fail("shop-01.example.org")
        [incident] = customer.await_incidents("open", 1, told=watch.told)
        assert incident["assets"] == ["shop-01.example.org"]
        assert incident["tools"] == ["prometheus"]
        assert incident["severity"] == "critical"
        assert incident["alert_count"] == incident["firing_count"] == 1
        [alert] = customer.get("alerts")["items"]
        assert alert["signature"] == "ApplicationDown"
        assert alert["message"] == "The application on shop-01.example.org:9100 answers no more"

        applications.mend("shop-01.example.org")
        [resolved] = customer.await_incidents("resolved", 1, told=watch.told)
    assert resolved["id"] == incident["id"]
    assert resolved["firing_count"] == 0
    assert resolved["resolved_at"] is not None
    assert len(customer.incidents()) == 1


@pytest.mark.parametrize("group_by", ["['...']", "[alertname]"], ids=["apart", "in one notification"])
def test_two_applications_with_one_alert_each_are_two_incidents_of_one_alert(
    make_customer: MakeCustomer, place: Path, group_by: str
) -> None:
    """However Alertmanager groups them, and each resolves with its own application."""
    require(*PROGRAMS)
    customer = make_customer("prometheus")
    applications = Applications("shop-01.example.org", "billing-01.example.org")
    with watching(applications, customer.setup, place, {"group_by": group_by}) as watch:
        for host in applications.hosts:
            applications.fail(host)
        opened = customer.await_incidents("open", 2, told=watch.told)
        assert sorted(incident["assets"] for incident in opened) == [[host] for host in sorted(applications.hosts)]
        assert [incident["alert_count"] for incident in opened] == [1, 1]

        applications.mend("shop-01.example.org")
        [resolved] = customer.await_incidents("resolved", 1, told=watch.told)
        assert resolved["assets"] == ["shop-01.example.org"]
        [still_open] = customer.await_incidents("open", 1)
        assert still_open["assets"] == ["billing-01.example.org"]

        applications.mend("billing-01.example.org")
        customer.await_incidents("resolved", 2, told=watch.told)
    assert [incident["alert_count"] for incident in customer.incidents()] == [1, 1]
