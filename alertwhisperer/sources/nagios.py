"""
Nagios Core, Nagios XI and their forks: the notification command of our setup text, whose fields are named as Nagios's
macros, in lower case.

A problem's id tells one firing from the next. On a recovery it is 0 and the last problem's id holds it, for hosts; for
services Nagios 4.4 sends the recovery before it moves the id. So the first that is not 0 counts, which is the problem's
in every case. Acknowledgements, downtimes and flapping are noted.

Checked by running Nagios Core 4.4.6 with this command (macros, ids, what it strips, macros that do not apply staying as
they are) and against its source for the ids. Nagios XI and the forks were not run.
"""

from collections.abc import Mapping

from alertwhisperer.domain.errors import Invalid
from alertwhisperer.sources._nagios import (
    Said,
    occurrence,
    put_labels,
    script,
    seconds,
    word,
)
from alertwhisperer.sources._reading import LONGEST_MESSAGE, add_label, first, given, links
from alertwhisperer.sources.contract import Inbound, Json, Parsed, Source

_SLUG = "nagios"
_PREFIX = "nagios_"  # of Nagios's own environment variables
_LABELS = {
    "customer": "customer",
    "host_address": "hostaddress",
    "host_groups": "hostgroupnames",
    "service_groups": "servicegroupnames",
    "notification_type": "notificationtype",
    "notification_number": "notificationnumber",
    "author": "notificationauthor",
    "comment": "notificationcomment",
}


def parse(inbound: Inbound) -> Parsed:
    """One notification is one occurrence."""
    body = inbound.document
    said = _lowered(body) if type(body) is dict else {}
    if not said.keys() & {"hostname", "notificationtype"}:
        raise Invalid(
            "this is not a notification of Nagios: it has neither hostname nor notificationtype",
            where="hostname",
            mend="send with the script of the setup page",
        )
    service = given(said.get("servicedesc"))
    about = "host" if service is None else "service"
    labels: dict[str, str] = {}
    put_labels(labels, _LABELS, said)
    for label in ("host_state", "service_state"):
        add_label(labels, label, word(said.get(label.replace("_", ""))))
    cycle = _problem_id(said, about)
    add_label(labels, "problem_id", cycle)
    notification = Said(
        first((said.get("hostname"), said.get("hostaddress"))),
        service,
        word(said.get("notificationtype")),
        word(said.get(f"{about}state")),
        given(said.get(f"{about}output"), LONGEST_MESSAGE),
        seconds(said.get(f"last{about}statechange"), inbound.received_at),
    )
    links_here = links({"notes": said.get(f"{about}notesurl"), "action": said.get(f"{about}actionurl")})
    return Parsed(((0, occurrence(_SLUG, notification, labels, links_here, cycle=cycle)),))


def _lowered(body: Mapping[str, Json]) -> dict[str, Json]:
    """The fields under the macros' names in lower case, however the sender spelled them."""
    return {name.lower().removeprefix(_PREFIX): value for name, value in body.items()}


def _problem_id(said: Mapping[str, Json], about: str) -> str | None:
    ids = (given(said.get(name)) for name in (f"{about}problemid", f"last{about}problemid"))
    return next((found for found in ids if found is not None and found != "0"), None)


def detects(inbound: Inbound) -> bool:
    """Nagios's macros in lower case, without those that only Checkmk has."""
    body = inbound.document
    return (
        type(body) is dict
        and "notificationtype" in body
        and "hostname" in body
        and "hoststate" in body
        and "what" not in body
    )


SCRIPT = script(
    "# Sends a notification of Nagios, given as NAME=VALUE arguments, to Alert Whisperer.\n",
    """\
said = dict(argument.split("=", 1) for argument in sys.argv[1:] if "=" in argument)
sys.exit(post({name: text_of(value) for name, value in said.items()}))
""",
)

_MACROS = (
    *("NOTIFICATIONTYPE", "NOTIFICATIONNUMBER", "NOTIFICATIONAUTHOR", "NOTIFICATIONCOMMENT"),
    *("HOSTNAME", "HOSTADDRESS", "HOSTGROUPNAMES", "HOSTSTATE", "HOSTOUTPUT", "HOSTNOTESURL"),
    *("LASTHOSTSTATECHANGE", "HOSTPROBLEMID", "LASTHOSTPROBLEMID"),
    *("SERVICEDESC", "SERVICEGROUPNAMES", "SERVICESTATE", "SERVICEOUTPUT", "SERVICENOTESURL"),
    *("LASTSERVICESTATECHANGE", "SERVICEPROBLEMID", "LASTSERVICEPROBLEMID"),
)
# Nagios joins lines at a backslash; one for each, so that no terminal breaks them elsewhere.
_ARGUMENTS = "".join(f"'{name.lower()}=${name}$' \\\n        " for name in _MACROS)

OBJECTS = f"""\
define command {{
    command_name alert-whisperer
    command_line /usr/local/bin/alert-whisperer-nagios \\
        {_ARGUMENTS}'customer=$_HOSTCUSTOMER$'
}}

define contact {{
    contact_name                  alert-whisperer
    host_notification_period      24x7
    service_notification_period   24x7
    host_notification_options     d,u,r
    service_notification_options  w,u,c,r
    host_notification_commands    alert-whisperer
    service_notification_commands alert-whisperer
}}
"""

SETUP = f"""\
1. On the Nagios server, save this as `/usr/local/bin/alert-whisperer-nagios`. It needs nothing but Python 3:

```python
{SCRIPT}```

2. It holds the key, so only Nagios may read it (the group is `nagios` on most systems):

```sh
chown root:nagios /usr/local/bin/alert-whisperer-nagios
chmod 750 /usr/local/bin/alert-whisperer-nagios
```

3. A trial, which shows here as a test; it says what is wrong, if anything is:

```sh
sudo -u nagios /usr/local/bin/alert-whisperer-nagios notificationtype=TEST hostname=trial-01
```

4. Save this as `alert-whisperer.cfg` where Nagios looks for objects: `/etc/nagios4/conf.d/` on Debian and Ubuntu,
   `/etc/nagios/conf.d/` on Red Hat, else `/usr/local/nagios/etc/objects/` with a line `cfg_file=` in `nagios.cfg`. In
   Nagios XI make the same command and contact under *Configure* → *Core Config Manager*.

```text
{OBJECTS}```

5. Add `alert-whisperer` to the `members` of the contact group that your hosts and services notify; in Nagios's own
   examples that is `admins`.
6. Check and reload: `nagios -v /etc/nagios/nagios.cfg` (Debian: `nagios4 -v /etc/nagios4/nagios.cfg`), then
   `systemctl reload nagios` (Debian: `nagios4`).

A real trial: *Submit passive check result* on a test service in Nagios's pages, CRITICAL and then OK, each as often as
the service's `max_check_attempts`.

A shell reads the command's line, and Nagios takes quotes out of whatever a check says before it goes in: leave
`illegal_macro_output_chars` in `nagios.cfg` as it came, with `'` among them.

Nagios sends once and does not try again, the script tries three times. A `notification_interval` of an hour or so
makes sure that a problem arrives even if we could not be reached; a repeat never opens a second incident.

CRITICAL and DOWN are critical, UNREACHABLE is high, WARNING medium, UNKNOWN low. For many customers in one Nagios, give
each host (or a template) `_CUSTOMER` with the customer's name, and route by the label `customer`.
"""

SOURCE = Source(
    slug=_SLUG,
    title="Nagios",
    docs="https://assets.nagios.com/downloads/nagioscore/docs/nagioscore/4/en/macrolist.html",
    version=1,
    parse=parse,
    setup=SETUP,
    can_send=("header", "basic", "query", "path"),
    detects=detects,
    route_label="customer",
)
