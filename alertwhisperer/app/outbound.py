"""
Calls to the outside, for URLs that a tool or a person had a say in.

The name is resolved once, every address it has is checked (no loopback, private, link-local, metadata or mapped one),
and the connection goes to a checked address: what is looked up again later cannot change it. No redirects.
"""

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from alertwhisperer.domain.errors import Invalid, Temporary

_TIMEOUT_S = 10.0
_MOST_BYTES = 256 * 1024
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


class Outbound:
    """
    GET over https with the checks above.

    Args:
        resolve: tests only: `address:port` by host name, connected to unchecked.
        ca_file: tests only: certificates to trust besides the usual.
    """

    def __init__(self, *, resolve: Mapping[str, str] | None = None, ca_file: Path | None = None) -> None:
        self._resolve = dict(resolve or {})
        self._context = ssl.create_default_context()
        if ca_file is not None:
            self._context.load_verify_locations(ca_file)

    async def get(self, url: str) -> bytes:
        """
        The body of a 200 answer, at most 256 KB.

        Raises:
            Invalid: not https, an address that is not public, a 4xx answer, or too large.
            Temporary: no answer in 10 seconds, or a 5xx.
        """
        name, path = _plain(url)
        address, port = await self._address(name)
        host = f"[{address}]" if ":" in address else address
        target = f"https://{host}:{port}{path}"
        try:
            async with (
                httpx.AsyncClient(
                    verify=self._context, timeout=_TIMEOUT_S, follow_redirects=False, trust_env=False
                ) as client,
                client.stream("GET", target, headers={"Host": name}, extensions={"sni_hostname": name}) as answer,
            ):
                return await _read(answer)
        except httpx.InvalidURL as failure:
            raise Invalid("only plain https URLs are called", where="url") from failure
        except httpx.HTTPError as failure:
            raise Temporary(f"{name} did not answer: {type(failure).__name__}") from failure

    async def _address(self, host: str) -> tuple[str, int]:
        given = self._resolve.get(host)
        if given is not None:
            address, _, port = given.rpartition(":")
            return address, int(port)
        try:
            async with asyncio.timeout(_TIMEOUT_S):
                found = await asyncio.get_running_loop().getaddrinfo(host, 443, type=socket.SOCK_STREAM)
        except UnicodeError as failure:
            raise Invalid("the host is no name", where="url") from failure
        except (OSError, TimeoutError) as failure:
            raise Temporary(f"{host} cannot be resolved") from failure
        addresses = [str(entry[4][0]) for entry in found]
        for address in addresses:
            if not is_public(address):
                raise Invalid(f"{host} resolves to an address that is not public", where="url")
        return addresses[0], 443


def _plain(url: str) -> tuple[str, str]:
    """Host, and path with query, of an https URL at the default port without a user."""
    try:
        parts = urlsplit(url)
        right = parts.scheme == "https" and not parts.username and parts.port in (None, 443)
    except ValueError:
        right = False
    if not right or not parts.hostname:
        raise Invalid("only plain https URLs are called", where="url")
    return parts.hostname, (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def is_public(address: str) -> bool:
    """Whether an IP address may be called from here."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    inner = _inner(ip)
    if inner is not None:
        return is_public(str(inner))
    local = ip.is_reserved or (isinstance(ip, ipaddress.IPv6Address) and ip.is_site_local)
    return ip.is_global and not ip.is_multicast and not local


def _inner(ip: ipaddress.IPv4Address | ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """The version 4 address that a version 6 one leads to: mapped, 6to4 or NAT64."""
    if isinstance(ip, ipaddress.IPv4Address):
        return None
    if ip in _NAT64:
        return ipaddress.IPv4Address(int(ip) & 0xFFFF_FFFF)
    return ip.ipv4_mapped or ip.sixtofour


async def _read(answer: httpx.Response) -> bytes:
    if answer.status_code >= 500:
        raise Temporary(f"the answer was {answer.status_code}")
    if answer.status_code != 200:
        raise Invalid(f"the answer was {answer.status_code}", where="url")
    body = bytearray()
    async for chunk in answer.aiter_bytes():
        body += chunk
        if len(body) > _MOST_BYTES:
            raise Invalid("the answer is too large", where="url")
    return bytes(body)
