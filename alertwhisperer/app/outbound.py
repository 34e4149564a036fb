"""
Calls to the outside, for URLs that a tool or a person had a say in.

The name is resolved once, every address it has is checked (no loopback, private, link-local, metadata or mapped one),
and the connection goes to a checked address: what is looked up again later cannot change it. No redirects. What a feed
calls may lie in a private network too, when the operator named that network.
"""

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

import httpx

from alertwhisperer.app.settings import Network
from alertwhisperer.domain.errors import Invalid, Temporary
from alertwhisperer.ingest import body as bodies
from alertwhisperer.sources.contract import Answered, Asked

_TIMEOUT_S = 10.0
_CALL_S = 30.0
_MOST_BYTES = 256 * 1024
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_LINK_LOCAL = (ipaddress.ip_network("169.254.0.0/16"), ipaddress.ip_network("fe80::/10"))
_METADATA = ipaddress.ip_address("fd00:ec2::254")  # in a private network, so that an operator may allow it unawares


class Outbound:
    """
    GET over https, and the freer calls of feeds, with the checks above.

    Args:
        networks: that feeds may call although they are not public, and over http too.
        resolve: tests only: `address:port` by host name, connected to unchecked.
        ca_file: tests only: certificates to trust besides the usual.
        call_s: the longest that an exchange of a feed may take.
    """

    def __init__(
        self,
        *,
        networks: Sequence[Network] = (),
        resolve: Mapping[str, str] | None = None,
        ca_file: Path | None = None,
        call_s: float = _CALL_S,
    ) -> None:
        self._call_s = call_s
        self._networks = tuple(networks)
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
        address, port = await self._address(name, 443, ())
        try:
            async with (
                httpx.AsyncClient(
                    verify=self._context, timeout=_TIMEOUT_S, follow_redirects=False, trust_env=False
                ) as client,
                client.stream(
                    "GET",
                    f"https://{_bracketed(address)}:{port}{path}",
                    headers={"Host": name},
                    extensions={"sni_hostname": name},
                ) as answer,
            ):
                return await _read(answer)
        except httpx.InvalidURL as failure:
            raise Invalid("only plain https URLs are called", where="url") from failure
        except httpx.HTTPError as failure:
            raise Temporary(f"{name} did not answer: {type(failure).__name__}") from failure

    async def call(self, asked: Asked) -> Answered:
        """
        One exchange of a feed: https, or http with a host in an allowed network. Any status is an answer.

        Raises:
            Invalid: a URL or header that cannot be used, an address that may not be called, an answer over 5 MB.
            Temporary: no connection in 10 seconds, or no whole answer in 30.
        """
        parts = _split(asked.url)
        host, secure = parts.hostname or "", parts.scheme == "https"
        try:
            async with asyncio.timeout(self._call_s):
                address, port = await self._address(
                    host, parts.port or (443 if secure else 80), self._networks, public=secure
                )
                target = f"{parts.scheme}://{_bracketed(address)}:{port}{_path(parts)}"
                return await self._exchange(asked, target, parts)
        except TimeoutError as failure:
            raise Temporary(f"{host} did not answer in {self._call_s:g} seconds") from failure

    def connect(self, host: str, port: int, secure: bool) -> socket.socket:
        """
        A connection for a protocol library that blocks; to be called in a thread.

        Args:
            secure: whether it is encrypted from its first byte, with a certificate for `host`.

        Raises:
            Invalid: an address that may not be called.
            Temporary: no connection in 10 seconds, or a certificate that is not good.
        """
        given = self._resolve.get(host)
        if given is not None:
            address, port = _pair(given)
        else:
            try:
                found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            except UnicodeError as failure:
                raise Invalid("the host is no name", where="host") from failure
            except OSError as failure:
                raise Temporary(f"{host} cannot be resolved") from failure
            address = _checked(host, [str(entry[4][0]) for entry in found], self._networks)
        try:
            plain = socket.create_connection((address, port), timeout=_TIMEOUT_S)
            return self._context.wrap_socket(plain, server_hostname=host) if secure else plain
        except OSError as failure:
            raise Temporary(f"{host} did not answer: {type(failure).__name__}") from failure

    async def _exchange(self, asked: Asked, target: str, parts: SplitResult) -> Answered:
        host = parts.hostname or ""
        # Compressed answers are not asked for: what comes must be measured before it is made large.
        headers = {"Accept-Encoding": "identity", **asked.headers, "Host": parts.netloc}
        extensions = {"sni_hostname": host} if parts.scheme == "https" else {}
        timeout = httpx.Timeout(self._call_s, connect=_TIMEOUT_S)
        try:
            async with (
                httpx.AsyncClient(
                    verify=self._context, timeout=timeout, follow_redirects=False, trust_env=False
                ) as client,
                client.stream(
                    asked.method, target, headers=headers, content=asked.body or None, extensions=extensions
                ) as answer,
            ):
                raw = await _read_raw(answer)
        except (httpx.InvalidURL, httpx.LocalProtocolError, UnicodeEncodeError) as failure:
            raise Invalid("the URL or a header cannot be sent as it is", where="url") from failure
        except httpx.HTTPError as failure:
            raise Temporary(f"{host} did not answer: {type(failure).__name__}") from failure
        try:
            plain = bodies.inflate(raw)
        except bodies.Unparsable as failure:
            raise Temporary(f"the answer of {host} cannot be read: {failure.what}") from failure
        return Answered(answer.status_code, {name.lower(): value for name, value in answer.headers.items()}, plain)

    async def _address(
        self, host: str, port: int, networks: Sequence[Network], *, public: bool = True
    ) -> tuple[str, int]:
        given = self._resolve.get(host)
        if given is not None:
            return _pair(given)
        try:
            async with asyncio.timeout(_TIMEOUT_S):
                found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except UnicodeError as failure:
            raise Invalid("the host is no name", where="url") from failure
        except (OSError, TimeoutError) as failure:
            raise Temporary(f"{host} cannot be resolved") from failure
        return _checked(host, [str(entry[4][0]) for entry in found], networks, public=public), port


def _checked(host: str, addresses: Sequence[str], networks: Sequence[Network], *, public: bool = True) -> str:
    """The first address, when all of them may be called."""
    for address in addresses:
        if is_in(address, networks):
            continue
        if not is_public(address):
            raise Invalid(
                f"{host} resolves to an address that is not public",
                where="url",
                mend="the operator allows private networks by ALERTWHISPERER_OUTBOUND_NETWORKS",
            )
        if not public:
            raise Invalid("over http only allowed networks are called", where="url", mend="use https")
    return addresses[0]


def _pair(given: str) -> tuple[str, int]:
    address, _, port = given.rpartition(":")
    return address, int(port)


def _bracketed(address: str) -> str:
    return f"[{address}]" if ":" in address else address


def _split(url: str) -> SplitResult:
    """The parts of an http or https URL without a user."""
    try:
        parts = urlsplit(url)
        right = parts.scheme in ("http", "https") and "@" not in parts.netloc and parts.port != 0
    except ValueError:
        right = False
    if not right or not parts.hostname or not url.isascii() or not url.isprintable():
        raise Invalid("only plain http and https URLs are called", where="url")
    return parts


def _path(parts: SplitResult) -> str:
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def _plain(url: str) -> tuple[str, str]:
    """Host, and path with query, of an https URL at the default port without a user."""
    try:
        parts = urlsplit(url)
        right = parts.scheme == "https" and not parts.username and parts.port in (None, 443)
    except ValueError:
        right = False
    if not right or not parts.hostname:
        raise Invalid("only plain https URLs are called", where="url")
    return parts.hostname, _path(parts)


def is_public(address: str) -> bool:
    """Whether an IP address may be called from here."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    inner = _inner(ip)
    if inner is not None:
        return is_public(str(inner))
    local = ip.is_reserved or (isinstance(ip, ipaddress.IPv6Address) and ip.is_site_local)
    return ip.is_global and not ip.is_multicast and not local


def is_in(address: str, networks: Sequence[Network]) -> bool:
    """Whether an IP address lies in one of the networks that the operator allowed; link-local ones never do."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    ip = _inner(ip) or ip
    if ip == _METADATA or any(ip in never for never in _LINK_LOCAL):
        return False
    return any(ip in network for network in networks)


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


async def _read_raw(answer: httpx.Response) -> bytes:
    body = bytearray()
    async for chunk in answer.aiter_raw():
        body += chunk
        if len(body) > bodies.MOST_BYTES:
            raise Invalid("the answer is larger than 5 MB", where="url", mend="ask for smaller pages")
    return bytes(body)
