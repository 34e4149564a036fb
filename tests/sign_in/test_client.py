"""Where a request comes from: what a trusted proxy says, and never what a client writes itself."""

import ipaddress
from collections.abc import Sequence
from dataclasses import replace

import pytest
from fastapi import Request
from hypothesis import given
from hypothesis import strategies as st

from alertwhisperer.api.client import client_ip
from alertwhisperer.api.desk import Desk
from alertwhisperer.domain.user import User
from tests.sign_in.conftest import OpenBrowser

TRUSTED = tuple(ipaddress.ip_network(text) for text in ("10.0.0.0/8", "::1/128", "127.0.0.0/8"))
PROXY, CLIENT, SPOOFED = "10.0.0.1", "203.0.113.7", "192.0.2.66"


def told(peer: str | None, *headers: tuple[str, str], trusted: Sequence[object] = TRUSTED) -> str:
    raw = [(name.lower().encode(), value.encode("latin-1")) for name, value in headers]
    scope = {"type": "http", "headers": raw, "client": None if peer is None else (peer, 1234)}
    return client_ip(Request(scope), trusted)  # type: ignore[arg-type]  # networks of either kind


@pytest.mark.parametrize(
    ("peer", "headers", "client"),
    [
        (CLIENT, [], CLIENT),
        (None, [], ""),
        (CLIENT, [("X-Forwarded-For", SPOOFED)], CLIENT),  # no proxy of ours
        (CLIENT, [("Forwarded", f"for={SPOOFED}")], CLIENT),
        (PROXY, [], PROXY),
        (PROXY, [("X-Forwarded-For", CLIENT)], CLIENT),
        (PROXY, [("X-Forwarded-For", f"{SPOOFED}, {CLIENT}")], CLIENT),  # the client wrote the first
        (PROXY, [("X-Forwarded-For", SPOOFED), ("X-Forwarded-For", CLIENT)], CLIENT),
        (PROXY, [("X-Forwarded-For", f"{CLIENT}, 10.9.9.9, 10.0.0.2")], CLIENT),
        (PROXY, [("X-Forwarded-For", f"10.7.7.7, {CLIENT}, 10.0.0.2")], CLIENT),
        (PROXY, [("X-Forwarded-For", "10.7.7.7, 10.0.0.2")], "10.7.7.7"),
        (PROXY, [("X-Forwarded-For", f"{CLIENT}:4711")], CLIENT),
        (PROXY, [("X-Forwarded-For", "[2001:db8::1]:4711")], "2001:db8::1"),
        (PROXY, [("X-Forwarded-For", "2001:DB8:0:0::1")], "2001:db8::1"),
        (PROXY, [("X-Forwarded-For", f"::ffff:{CLIENT}")], CLIENT),
        ("::1", [("X-Forwarded-For", CLIENT)], CLIENT),
        ("::ffff:10.0.0.1", [("X-Forwarded-For", CLIENT)], CLIENT),
        (PROXY, [("Forwarded", f'for={SPOOFED}, for="{CLIENT}:80";proto=https;by={PROXY}')], CLIENT),
        (PROXY, [("Forwarded", 'For="[2001:db8::1]:80"')], "2001:db8::1"),
        (PROXY, [("Forwarded", "for=unknown")], PROXY),
        (PROXY, [("Forwarded", "for=_hidden")], PROXY),
        (PROXY, [("X-Forwarded-For", "garbage")], PROXY),
        (PROXY, [("X-Forwarded-For", f"{CLIENT}, garbage")], PROXY),
        (PROXY, [("X-Forwarded-For", "")], PROXY),
        (PROXY, [("X-Forwarded-For", CLIENT), ("Forwarded", f"for={CLIENT}")], CLIENT),
        (PROXY, [("X-Forwarded-For", CLIENT), ("Forwarded", f"for={SPOOFED}")], PROXY),  # one of them is a lie
    ],
)
def test_the_client_is_the_first_from_the_right_that_is_no_proxy(
    peer: str | None, headers: list[tuple[str, str]], client: str
) -> None:
    assert told(peer, *headers) == client


def test_without_trusted_proxies_nobody_is_believed() -> None:
    assert told(PROXY, ("X-Forwarded-For", CLIENT), trusted=()) == PROXY


@given(st.lists(st.tuples(st.sampled_from(["X-Forwarded-For", "Forwarded"]), st.text(max_size=200)), max_size=5))
def test_whatever_is_written_there_an_address_comes_out(headers: list[tuple[str, str]]) -> None:
    plain = [(name, value.encode("ascii", "replace").decode()) for name, value in headers]
    ipaddress.ip_address(told(PROXY, *plain))
    assert told(CLIENT, *plain) == CLIENT


def test_a_long_chain_costs_little() -> None:
    assert told(PROXY, ("X-Forwarded-For", ", ".join(["10.0.0.1"] * 100_000))) == "10.0.0.1"
    assert told(PROXY, ("Forwarded", "for=" * 100_000)) == PROXY


async def test_a_session_says_where_from(desk: Desk, open_browser: OpenBrowser, kim: User) -> None:
    browser = await open_browser(replace(desk, trusted_proxies=TRUSTED), ip=PROXY)
    browser.client.headers["X-Forwarded-For"] = f"{SPOOFED}, {CLIENT}"
    await browser.sign_in(kim.email)
    [shown] = (await browser.ask("GET", "/api/sessions"))["items"]
    assert shown["ip"] == CLIENT
