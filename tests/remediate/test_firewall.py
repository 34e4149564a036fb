"""Blocking an address never shuts out the machine itself, its gateway, its DNS server, or whoever is logged in."""

from collections.abc import Iterator

import pytest

from alertwhisperer.domain.runbook import Phase
from alertwhisperer.remediate.throwaway import ThrowawayMachine, throwaway_machine, why_not
from alertwhisperer.runbooks.reading import library
from tests.runbooks.shells import require

pytestmark = pytest.mark.slow
BLOCK = library()["firewall-block"]
_SETTLE = b"""set -eu
ip link add aw-here type veth peer name aw-there
ip address add 198.51.100.1/24 dev aw-here
ip link set aw-here up
ip link set aw-there up
ip route add default via 198.51.100.254
echo 'nameserver 203.0.113.53' >/etc/resolv.conf
"""


@pytest.fixture(scope="module")
def machine() -> Iterator[ThrowawayMachine]:
    """One in a network."""
    require(why_not())
    with throwaway_machine() as made:
        require("" if made.has("nft") else "nftables is not installed (`make services` installs it)")
        said = made.run(_SETTLE, {}, 10)
        assert said.exit_code == 0, said.stderr
        yield made


def run(machine: ThrowawayMachine, phase: Phase, address: str, **more: str) -> tuple[int | None, str]:
    variables = {"AW_ADDRESS": address, "AW_ALLOW_PRIVATE": "no", **more}
    said = machine.run(BLOCK.scripts[phase].body, variables, 10)
    return said.exit_code, said.stdout.decode()


@pytest.mark.parametrize(
    ("address", "word"),
    [
        ("198.51.100.1", "needs"),
        ("198.51.100.254", "needs"),
        ("203.0.113.53", "needs"),
        ("127.0.0.1", "never"),
        ("0.0.0.0", "never"),  # noqa: S104  # an address that must not be blocked
        ("255.255.255.255", "never"),
        ("239.1.2.3", "never"),
        ("::1", "never"),
        ("::ffff:192.0.2.1", "never"),
        ("fe80::1", "never"),
        ("ff02::1", "never"),
        ("10.1.2.3", "private"),
        ("172.16.0.1", "private"),
        ("172.31.255.1", "private"),
        ("192.168.0.1", "private"),
        ("100.64.0.1", "private"),
        ("169.254.169.254", "private"),
        ("fd00::1", "private"),
    ],
)
def test_what_must_not_be_blocked_is_refused(machine: ThrowawayMachine, address: str, word: str) -> None:
    code, said = run(machine, Phase.PRECHECK, address)
    assert (code, word in said) == (1, True), said


def test_whoever_is_logged_in_is_not_shut_out(machine: ThrowawayMachine) -> None:
    code, said = run(machine, Phase.PRECHECK, "192.0.2.9", SSH_CONNECTION="192.0.2.9 50000 198.51.100.1 22")
    assert (code, "somebody logged in" in said) == (1, True)
    assert run(machine, Phase.PRECHECK, "192.0.2.9")[0] == 0


@pytest.mark.parametrize("address", ["192.0.2.7", "2001:db8::7"])
def test_an_address_is_blocked_once_and_let_in_again(machine: ThrowawayMachine, address: str) -> None:
    before = machine.run(b"nft list ruleset", {}, 10).stdout
    assert run(machine, Phase.PRECHECK, address)[0] == 0
    _, taken = run(machine, Phase.SNAPSHOT, address)
    assert run(machine, Phase.VERIFY, address)[0] != 0
    for phase in (Phase.ACT, Phase.ACT, Phase.VERIFY):
        assert run(machine, phase, address)[0] == 0
    assert run(machine, Phase.PRECHECK, address)[0] == 10
    undone = run(machine, Phase.UNDO, address, AW_SNAPSHOT=machine.put("snapshot", taken.encode()))
    assert undone[0] == 0, undone
    assert machine.run(b"nft list ruleset", {}, 10).stdout == before


def test_undo_lets_in_nobody_whom_somebody_else_blocked(machine: ThrowawayMachine) -> None:
    run(machine, Phase.ACT, "192.0.2.1")
    _, taken = run(machine, Phase.SNAPSHOT, "192.0.2.2")
    run(machine, Phase.ACT, "192.0.2.2")
    run(machine, Phase.UNDO, "192.0.2.2", AW_SNAPSHOT=machine.put("snapshot", taken.encode()))
    assert run(machine, Phase.VERIFY, "192.0.2.1")[0] == 0
    assert run(machine, Phase.VERIFY, "192.0.2.2")[0] != 0
