"""A real Uptime Kuma opens incidents here and resolves them, set up as our setup text says."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.peers.conftest import MakeCustomer
from tests.peers.process import HOST, await_answer
from tests.peers.uptimekuma import Website, installed, kuma_running


@pytest.mark.parametrize("content_type", ["json", "form-data"])
def test_a_website_that_is_down_opens_an_incident_that_resolves_when_it_is_up(
    make_customer: MakeCustomer, place: Path, content_type: str
) -> None:
    """As JSON or as a form; its Test button opens nothing."""
    package = installed()
    customer = make_customer("uptimekuma")
    website = Website()
    with website.served(), kuma_running(package, place) as kuma:
        kuma.add_webhook(customer.webhook_url, customer.setup, content_type)
        await_answer(lambda: customer.get("ledger")["noted"] == 1 or None, "the trial to be noted", told=kuma.told)
        assert customer.incidents() == []

        website.is_well = False
        before = datetime.now(UTC)
        monitor = kuma.add_monitor("Shop", website.url)
        [incident] = customer.await_incidents("open", 1, told=kuma.told)
        assert incident["assets"] == [HOST]
        assert incident["tools"] == ["uptimekuma"]
        assert incident["severity"] == "critical"
        [alert] = customer.get("alerts")["items"]
        assert alert["signature"] == "Shop"
        assert alert["message"] == "Request failed with status code 503"
        assert alert["links"] == {"site": website.url}
        assert abs(datetime.fromisoformat(alert["started_at"]) - before) < timedelta(minutes=1)

        website.is_well = True
        kuma.look_again(monitor)
        [resolved] = customer.await_incidents("resolved", 1, told=kuma.told)
    assert resolved["id"] == incident["id"]
    assert resolved["firing_count"] == 0
