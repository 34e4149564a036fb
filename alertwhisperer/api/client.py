"""Where a request comes from, when proxies stand between: only what a proxy that we trust says is believed."""

import ipaddress
import re
from collections.abc import Iterable, Sequence
from typing import TypeAlias

from starlette.requests import HTTPConnection

Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network
_Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address

_MOST_HOPS = 32
_FOR = re.compile(r"(?i)(?:^|[;,\s])for=(\"[^\"]*\"|[^\s;,\"]+)")


def client_ip(request: HTTPConnection, trusted: Sequence[Network]) -> str:
    """
    The address of whoever sent the request; empty when there is none (a Unix socket, a test).

    From right to left, each hop that is a trusted proxy is passed by, and the first that is not is the client: whatever
    stands left of it, the client may have written itself. `X-Forwarded-For` and `Forwarded` must agree when both are
    there; a proxy sets one of them and may pass on the other as the client sent it.
    """
    peer = "" if request.client is None else request.client.host
    if not _is_among(peer, trusted):
        return peer
    told = [one for one in (_walk(peer, hops, trusted) for hops in _chains(request)) if one is not None]
    return told[0] if told and all(one == told[0] for one in told) else peer


def _chains(request: HTTPConnection) -> Iterable[list[str]]:
    """What each header says, in the order of the hops; a header that is absent says nothing."""
    lists = request.headers.getlist("x-forwarded-for")
    if lists:
        yield [hop for line in lists for hop in line.split(",")]
    lists = request.headers.getlist("forwarded")
    if lists:
        yield [hop for line in lists for hop in _FOR.findall(line)]


def _walk(peer: str, hops: Sequence[str], trusted: Sequence[Network]) -> str | None:
    """The first hop from the right that no trusted proxy is; None when a hop is no address."""
    client = peer
    for hop in reversed(hops[-_MOST_HOPS:]):
        address = _address(hop)
        if address is None:
            return None
        client = str(address)
        if not _is_among(client, trusted):
            break
    return client


def _is_among(text: str, networks: Sequence[Network]) -> bool:
    address = _address(text)
    return address is not None and any(address.version == one.version and address in one for one in networks)


def _address(text: str) -> _Address | None:
    """`203.0.113.7`, `203.0.113.7:1234`, `2001:db8::1`, `[2001:db8::1]:1234`, quoted or not."""
    text = text.strip().strip('"')
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address):
        return address.ipv4_mapped or ipaddress.IPv6Address(address.packed)  # without its zone
    return address
