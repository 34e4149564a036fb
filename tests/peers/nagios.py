"""A real Nagios Core with the script and the objects of our setup text, told by us what its checks found."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.peers.process import Program, await_answer, running
from tests.peers.shown import NO_PROXY, block, user_and_group, write_script

NEEDED = ("nagios4",)

# The characters are Nagios's own defaults; our setup text relies on the first.
_NAGIOS = """\
illegal_macro_output_chars=`~$&|'"<>
illegal_object_name_chars=`~!$%^&*|'"<>?,()=
cfg_file={place}/objects.cfg
cfg_file={place}/alert-whisperer.cfg
log_file={place}/events.log
object_cache_file={place}/objects.cache
precached_object_file={place}/objects.precache
status_file={place}/status.dat
state_retention_file={place}/retention.dat
temp_file={place}/nagios.tmp
temp_path={place}
check_result_path={place}/results
lock_file={place}/nagios.lock
command_file={place}/command
query_socket={place}/query
nagios_user={user}
nagios_group={group}
check_external_commands=1
check_result_reaper_frequency=1
check_for_updates=0
"""
_OBJECTS = """\
define command {{
    command_name nothing
    command_line /bin/true
}}
define timeperiod {{
    timeperiod_name 24x7
    alias           always
    {days}
}}
define contactgroup {{
    contactgroup_name admins
    members           alert-whisperer
}}
define hostgroup {{
    hostgroup_name shops
    members        {host}
}}
define host {{
    host_name              {host}
    address                192.0.2.7
    active_checks_enabled  0
    max_check_attempts     1
    contact_groups         admins
    notification_period    24x7
    notification_interval  60
    _CUSTOMER              Example Ltd
}}
define service {{
    host_name              {host}
    service_description    {service}
    check_command          nothing
    active_checks_enabled  0
    max_check_attempts     1
    contact_groups         admins
    notification_period    24x7
    notification_interval  60
    notes_url              https://runbooks.example.org/disk?a=1&b=2
}}
"""
_DAYS = "\n    ".join(
    f"{day} 00:00-24:00" for day in ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
)
_SCRIPT = "/usr/local/bin/alert-whisperer-nagios"


class Nagios:
    """A running Nagios with one host and one service, which believes what we say of them."""

    def __init__(self, program: Program, place: Path) -> None:
        self._program = program
        self._place = place

    def told(self) -> str:
        """The ends of what it printed and logged."""
        log = self._place / "events.log"
        return self._program.log_tail() + (log.read_text(errors="replace")[-3_000:] if log.exists() else "")

    def command(self, name: str, *about: str | int) -> None:
        """An external command, as its pages give one."""
        text = ";".join([name, *map(str, about)])
        (self._place / "command").write_text(f"[{time.time():.0f}] {text}\n")


@contextmanager
def nagios_running(setup: str, place: Path, host: str, service: str) -> Iterator[Nagios]:
    """Nagios until the block ends; its objects hold the setup text's as they stand, but for the script's place."""
    script = write_script(setup, place / "alert-whisperer-nagios")
    objects = block(setup, "text")
    assert _SCRIPT in objects, "the setup text's command runs another script"
    (place / "alert-whisperer.cfg").write_text(objects.replace(_SCRIPT, str(script)))
    (place / "objects.cfg").write_text(_OBJECTS.format(days=_DAYS, host=host, service=service))
    (place / "results").mkdir()
    user, group = user_and_group()
    (place / "nagios.cfg").write_text(_NAGIOS.format(place=place, user=user, group=group))
    with running("nagios", ["nagios4", place / "nagios.cfg"], place=place, environ=NO_PROXY) as program:

        def ask() -> bool | None:
            program.check()
            return (place / "command").exists() or None

        nagios = Nagios(program, place)
        await_answer(ask, "Nagios to be ready", told=nagios.told)
        yield nagios
