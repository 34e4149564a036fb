"""
Where a target may lie: anywhere in a client's network, and never on the machine that we run on.

A name is resolved once, and the connection goes to the address that was checked. Private networks are what targets lie
in, so they are allowed; loopback, link-local, metadata and our own addresses are not, whoever wrote them in a binding.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_METADATA = ipaddress.ip_address("fd00:ec2::254")


class Unreachable(Exception):
    """No connection may or can be made there; says why."""


async def address_of(host: str, port: int, allowed: Sequence[Network]) -> str:
    """
    The address to connect to.

    Args:
        allowed: networks that are let through whatever they are.

    Raises:
        Unreachable: no such name, or one of its addresses may not be a target.
    """
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as failure:
        raise Unreachable(f"{host!r} has no address") from failure
    addresses = [ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in found]
    for one in addresses:
        why = _why_not(one, allowed)
        if why:
            raise Unreachable(f"{host!r} is {one}, {why}: such an address is never a target")
    return str(addresses[0])


def _why_not(address: Address, allowed: Sequence[Network]) -> str:
    plain: Address = address
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        plain = address.ipv4_mapped
    if any(plain in network for network in allowed):
        return ""
    if plain.is_loopback or plain.is_unspecified:
        return "which is the machine that Alert Whisperer runs on"
    if plain.is_link_local or plain.is_multicast or plain == _METADATA:
        return "which is no address of one machine in a network"
    return "which is an address of the machine that Alert Whisperer runs on" if _is_ours(plain) else ""


def _is_ours(address: Address) -> bool:
    """Only a machine that has an address can bind to it; no packet is sent for that."""
    family = socket.AF_INET6 if address.version == 6 else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as trial:
            trial.bind((str(address), 0))
    except OSError:
        return False
    return True
