"""A URL that somebody else had a say in is called at a public address only, over https, and not followed further."""

from __future__ import annotations

import pytest

from alertwhisperer.app.outbound import Outbound, is_public
from alertwhisperer.domain.errors import Invalid, Temporary

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


def networks(*texts: str) -> list[Network]:
    """Networks as the setting reads them."""
    return list(load({"ALERTWHISPERER_OUTBOUND_NETWORKS": ",".join(texts), "ALERTWHISPERER_ENVIRONMENT": "test"})[0])


@pytest.fixture
def vendor() -> Iterator[Api]:
    """A server on loopback."""
    with api() as running:
        yield running
