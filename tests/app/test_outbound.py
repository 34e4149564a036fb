"""A URL that somebody else had a say in is called at a public address only, over https, and not followed further."""

from __future__ import annotations

from collections.abc import Iterator
from gzip import compress
from ipaddress import ip_network

import pytest

from alertwhisperer.app.outbound import Outbound, is_in, is_public
from alertwhisperer.app.settings import load
from alertwhisperer.domain.errors import Invalid, Temporary
from alertwhisperer.sources.contract import Asked
from tests.server import free_port
from tests.vendors.api import Answer, Api, api

REFUSED = {
    "loopback": "127.0.0.1",
    "all of loopback": "127.255.255.254",
    "loopback, version 6": "::1",
    "any address": "0.0.0.0",  # noqa: S104 - an example
    "any address, version 6": "::",
    "private, 10": "10.0.0.1",
    "private, 172.16": "172.31.255.255",
    "private, 192.168": "192.168.1.1",
    "carrier-grade": "100.64.0.1",
    "unique local, version 6": "fd12:3456:789a::1",
    "metadata of the cloud": "169.254.169.254",
    "metadata of the cloud, version 6": "fd00:ec2::254",
    "link-local": "169.254.0.1",
    "link-local, version 6": "fe80::1",
    "link-local with a zone": "fe80::1%eth0",
    "site-local": "fec0::1",
    "mapped loopback": "::ffff:127.0.0.1",
    "mapped metadata": "::ffff:169.254.169.254",
    "compatible loopback": "::127.0.0.1",
    "6to4 of loopback": "2002:7f00:1::",
    "6to4 of a private address": "2002:c0a8:101::1",
    "NAT64 of loopback": "64:ff9b::7f00:1",
    "NAT64 of metadata": "64:ff9b::a9fe:a9fe",
    "NAT64 of one's own": "64:ff9b:1::a9fe:a9fe",
    "Teredo": "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    "multicast": "224.0.0.1",
    "multicast, global": "239.255.255.250",
    "multicast, version 6": "ff0e::1",
    "broadcast": "255.255.255.255",
    "reserved": "240.0.0.1",
    "benchmarks": "198.18.0.1",
    "documentation": "192.0.2.1",
    "documentation, version 6": "2001:db8::1",
}
ALLOWED = {
    "public": "52.94.5.1",
    "public, version 6": "2600:1f18::1",
    "mapped public": "::ffff:52.94.5.1",
    "NAT64 of a public address": "64:ff9b::345e:501",
}


@pytest.mark.parametrize("address", REFUSED.values(), ids=list(REFUSED))
def test_an_address_that_is_not_public_is_refused(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ALLOWED.values(), ids=list(ALLOWED))
def test_a_public_address_may_be_called(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/",
        "https://[::1]/",
        "https://[::ffff:169.254.169.254]/latest/meta-data/",
        "https://169.254.169.254/latest/meta-data/",
        "https://2130706433/",
        "https://0x7f.1/",
    ],
)
async def test_a_name_that_leads_to_such_an_address_is_refused(url: str) -> None:
    with pytest.raises(Invalid, match="not public"):
        await Outbound().get(url)


async def test_localhost_is_never_called() -> None:
    """Refused for its address; a bare system without a hosts file does not even know the name."""
    with pytest.raises((Invalid, Temporary), match=r"not public|cannot be resolved"):
        await Outbound().get("https://localhost/")


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/",
        "ftp://example.com/",
        "file:///etc/passwd",
        "https:///path",
        "//example.com/",
        "https://someone@example.com/",
        "https://example.com:8443/",
        "https://example.com:99999/",
        "https://[::1/",
        f"https://{'a' * 64}.example/",
        "",
    ],
)
async def test_a_url_that_is_not_plain_https_is_refused(url: str) -> None:
    with pytest.raises(Invalid):
        await Outbound().get(url)


async def test_a_name_that_does_not_exist_may_be_tried_again() -> None:
    with pytest.raises(Temporary):
        await Outbound().get("https://nowhere.invalid/")


# ------------------------------------------------------------------------------------------------ calls of feeds


@pytest.fixture
def vendor() -> Iterator[Api]:
    """A server on loopback."""
    with api() as running:
        yield running


def allowing(*networks: str, call_s: float = 5.0) -> Outbound:
    """Calls that reach these networks too."""
    return Outbound(networks=[ip_network(one) for one in networks], call_s=call_s)


@pytest.mark.parametrize(
    ("address", "network", "may"),
    [
        ("10.1.2.3", "10.0.0.0/8", True),
        ("::ffff:10.1.2.3", "10.0.0.0/8", True),
        ("10.1.2.3", "10.2.0.0/16", False),
        ("fd12::1", "fd12::/16", True),
        ("169.254.169.254", "169.254.0.0/16", False),
        ("::ffff:169.254.169.254", "169.0.0.0/8", False),
        ("fd00:ec2::254", "fd00::/8", False),
        ("fe80::1%eth0", "fe80::/10", False),
    ],
)
def test_an_allowed_network_holds_its_own_addresses_and_never_the_metadata(
    address: str, network: str, may: bool
) -> None:
    assert is_in(address, [ip_network(network)]) is may


@pytest.mark.parametrize("networks", ["127.0.0.0/8", "0.0.0.0/0", "::/0", "10.0.0.0/8,127.0.0.1/32"])
def test_production_never_allows_the_servers_own_machine(networks: str) -> None:
    given = {"ALERTWHISPERER_OUTBOUND_NETWORKS": networks}
    with pytest.raises(Invalid, match="own machine"):
        load(given)
    assert load({**given, "ALERTWHISPERER_ENVIRONMENT": "test"}).outbound_networks


def test_a_network_that_is_none_is_refused() -> None:
    with pytest.raises(Invalid):
        load({"ALERTWHISPERER_OUTBOUND_NETWORKS": "10.0.0.1/8"})


async def test_a_feed_calls_http_in_an_allowed_network_only(vendor: Api) -> None:
    answer = await allowing("127.0.0.0/8").call(Asked(vendor.url, "POST", {"X-One": "1"}, b"{}"))
    assert (answer.status, answer.body) == (200, b"[]")
    assert (vendor.calls[0].method, vendor.calls[0].headers["x-one"]) == ("POST", "1")
    for elsewhere in (Outbound(), allowing("10.0.0.0/8")):
        with pytest.raises(Invalid, match="not public"):
            await elsewhere.call(Asked(vendor.url))
        with pytest.raises(Invalid, match="not public"):
            elsewhere.connect("127.0.0.1", 1, False)
    with pytest.raises(Invalid, match="allowed networks"):
        await Outbound().call(Asked("http://52.94.5.1/"))
    assert len(vendor.calls) == 1


@pytest.mark.parametrize(
    "url", ["ftp://example.com/", "http://a@example.com/", "https://[::1/", "https://exämple.com/", "http:///", ""]
)
async def test_a_feeds_url_that_is_not_plain_is_refused(url: str) -> None:
    with pytest.raises(Invalid):
        await Outbound().call(Asked(url))


async def test_a_redirect_is_an_answer_and_not_followed(vendor: Api) -> None:
    vendor.behave = lambda call: Answer(status=302, headers={"Location": f"{vendor.url}/elsewhere"})
    answer = await allowing("127.0.0.0/8").call(Asked(f"{vendor.url}/here"))
    assert answer.status == 302
    assert [call.path for call in vendor.calls] == ["/here"]


async def test_an_answer_has_at_most_5_mb_compressed_or_not(vendor: Api) -> None:
    largest = 5 * 1024 * 1024
    vendor.behave = lambda call: Answer(b"x" * largest)
    assert len((await allowing("127.0.0.0/8").call(Asked(vendor.url))).body) == largest
    for body in (b"x" * (largest + 1), compress(b"x" * (largest + 1))):
        vendor.behave = lambda call, body=body: Answer(body)  # type: ignore[misc]  # bound at once
        with pytest.raises(Invalid, match="larger"):
            await allowing("127.0.0.0/8").call(Asked(vendor.url))


async def test_a_call_that_hangs_ends(vendor: Api) -> None:
    vendor.behave = lambda call: Answer(hang=True)
    with pytest.raises(Temporary, match="did not answer"):
        await allowing("127.0.0.0/8", call_s=0.2).call(Asked(vendor.url))


def test_a_connection_that_nobody_takes_may_be_tried_again() -> None:
    with pytest.raises(Temporary, match="did not answer"):
        allowing("127.0.0.0/8").connect("127.0.0.1", free_port(), False)


def test_a_connection_that_should_be_encrypted_is_none_without_a_certificate(vendor: Api) -> None:
    port = int(vendor.url.rpartition(":")[2])
    with pytest.raises(Temporary, match="SSLError"):
        allowing("127.0.0.0/8").connect("127.0.0.1", port, True)
    with allowing("127.0.0.0/8").connect("127.0.0.1", port, False) as plain:
        assert plain.getpeername() == ("127.0.0.1", port)
