"""
Every prebuilt runbook that can be drilled is drilled for real: a throwaway root, a systemd of its own, a fault made.

A drill that always passes proves nothing, so runbooks that are wrong in each possible way are drilled too.
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from alertwhisperer.domain.errors import Invalid
from alertwhisperer.remediate.drill import Step, drilled, undrillable
from alertwhisperer.remediate.throwaway import ThrowawayMachine, throwaway_machine, why_not
from alertwhisperer.runbooks.reading import library, read
from tests.runbooks.files import CHANGE, REPORT
from tests.runbooks.shells import require

pytestmark = pytest.mark.slow
DRILLABLE = [slug for slug, one in library().items() if not one.drill.not_drilled]
_ACT = "echo good >/srv/aw-word\n'''\n\n[verify]"


@pytest.fixture
def machine() -> Iterator[ThrowawayMachine]:
    """A machine of the test's own."""
    require(why_not())
    with throwaway_machine() as made:
        yield made


@pytest.mark.parametrize("slug", DRILLABLE)
def test_a_prebuilt_runbook_passes_its_drill(slug: str, machine: ThrowawayMachine) -> None:
    runbook = library()[slug]
    reason = undrillable(runbook, machine)
    require(f"{slug}: {reason} (`make services` installs it)" if reason else "")
    steps = drilled(runbook, machine)
    assert steps[-1].passed, steps[-1]
    names = [step.name for step in steps]
    assert names[-1].startswith("compare")
    if runbook.changes:
        wanted = ["prepare", "precheck, healthy", "break", "precheck, broken", "verify, broken", "act", "verify"]
        assert [name for name in names if name in wanted] == wanted


def drill(machine: ThrowawayMachine, text: str, name: str = "put-word") -> Step:
    return drilled(read(text.encode(), name), machine)[-1]


def test_a_right_one_passes_and_each_wrong_one_stops_where_it_is_wrong(machine: ThrowawayMachine) -> None:
    last = drill(machine, CHANGE)
    assert (last.name, last.passed) == ("compare: undone", True)
    wrong = {
        "precheck, broken": CHANGE.replace("exit 0\n", "exit 10\n", 1),
        "precheck, healthy": CHANGE.replace("&& exit 10", "&& exit 1", 1),
        "verify, broken": CHANGE.replace("grep -q good /srv/aw-word\n'''\n\n[undo]", "true\n'''\n\n[undo]"),
        "compare: a snapshot changes nothing": CHANGE.replace(
            "script = '''\ncat /srv", "script = '''\ntee /srv/aw-word </dev/null\ncat /srv", 1
        ),
        "act": CHANGE.replace(_ACT, f"exit 3\n{_ACT}"),
        "verify": CHANGE.replace(_ACT, _ACT.replace("good", "worse")),
        "undo": CHANGE.replace('cat "$AW_SNAPSHOT"', 'exit 4; cat "$AW_SNAPSHOT"'),
        "compare: undone": CHANGE.replace('cat "$AW_SNAPSHOT"', 'echo "$AW_SNAPSHOT"'),
    }
    for name, text in wrong.items():
        assert text != CHANGE, name
        last = drill(machine, text)
        assert (last.name, last.passed) == (name, False)
    assert drill(machine, wrong["compare: undone"]).said.startswith("- bad\n+ ")


def test_a_report_that_changes_something_or_says_nothing_does_not_pass(machine: ThrowawayMachine) -> None:
    begun = REPORT[: REPORT.index("[drill]")].replace('kind = "text"', 'kind = "text"\ndefault = "a"')
    text = begun + "[drill]\nprepare = '''\necho a >/srv/x\n'''\nstate = '''\ncat /srv/x\n'''\n"
    assert drill(machine, text).passed
    assert drill(machine, text.replace("printf '%s'", "echo b >/srv/x; printf '%s'")).said == "- a\n+ b"
    assert drill(machine, text.replace("printf '%s'", ": ")).name == "act: says something"


def test_a_script_that_hangs_is_ended(machine: ThrowawayMachine) -> None:
    text = CHANGE.replace(_ACT, f"sleep 60\n{_ACT}").replace("[act]\ntimeout_s = 5", "[act]\ntimeout_s = 1")
    last = drill(machine, text)
    assert (last.name, last.exit_code, last.passed) == ("act", None, False)


def test_what_happens_there_is_not_seen_here(machine: ThrowawayMachine, tmp_path: Path) -> None:
    said = machine.run(
        b"echo x >/etc/aw-drill; echo x >/srv/aw-drill; hostname aw-drill; ls /tmp /root /home;"
        b" ip -o link | wc -l; echo 1 >/proc/sys/vm/drop_caches || echo refused",
        {},
        10,
    )
    assert b"refused" in said.stdout
    assert b"alertwhisperer" not in said.stdout
    assert not Path("/etc/aw-drill").exists()
    assert not Path("/srv/aw-drill").exists()
    assert os.uname().nodename != "aw-drill"


_KILLED = """
import sys, time
from alertwhisperer.remediate.throwaway import throwaway_machine
with throwaway_machine() as machine:
    machine.run(b"cp /bin/sleep /usr/local/bin/aw-orphan; /usr/local/bin/aw-orphan 600 >/dev/null &", {}, 10)
    print("up", flush=True)
    time.sleep(600)
"""


def test_a_machine_ends_with_whoever_made_it_however_that_ends() -> None:
    require(why_not())
    with subprocess.Popen([sys.executable, "-c", _KILLED], stdout=subprocess.PIPE) as maker:
        assert maker.stdout is not None
        assert maker.stdout.readline() == b"up\n"
        assert orphans() == 1
        maker.kill()
    deadline = time.monotonic() + 10
    while orphans() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert orphans() == 0


def orphans() -> int:
    return len(subprocess.run(["pgrep", "-x", "aw-orphan"], capture_output=True, check=False).stdout.split())


def test_hidden_places_are_not_seen_there(tmp_path: Path) -> None:
    require(why_not())
    folder = Path("/opt/aw-hidden-test")
    folder.mkdir()
    try:
        (folder / "secret").write_text("secret")
        for hidden in (folder, folder / "secret"):
            with throwaway_machine(hidden=[hidden]) as made:
                assert b"secret" not in made.run(b"cat /opt/aw-hidden-test/secret", {}, 10).stdout
        with throwaway_machine() as made:
            assert made.run(b"cat /opt/aw-hidden-test/secret", {}, 10).stdout == b"secret"
    finally:
        (folder / "secret").unlink()
        folder.rmdir()


def test_one_that_is_not_drilled_says_why(machine: ThrowawayMachine) -> None:
    with pytest.raises(Invalid, match="There is no Windows here"):
        drilled(library()["windows-service-restart"], machine)
    needs = CHANGE.replace("[drill]\n", '[drill]\nneeds = ["no-such-program"]\n')
    with pytest.raises(Invalid, match="the root lacks no-such-program"):
        drill(machine, needs)
