"""
Icinga 2: the notification command of our setup text, and the objects of its API's event stream for those who forward
that.

The command sends Icinga's runtime macros under their own names (`host.name`, `service.state`). An event's state is a
number that means one thing for a host and another for a service, so it counts only with the other in sight. Soft states
are noted, except that a good one always resolves. Icinga has no id of a firing: host and service are the identity.

Checked by running Icinga 2.13 with this command (macros of hosts and services, what is missing being empty) and against
its source for the names of types and the stream's `Notification`. The stream's other events are from general knowledge:
none was captured. The webhook channel of Icinga Notifications has a body of its own and is not read.
"""

from collections.abc import Mapping

from alertwhisperer.domain.errors import Invalid
from alertwhisperer.domain.occurrence import Kind, Occurrence
from alertwhisperer.sources._nagios import (
    Said,
    noted,
    occurrence,
    put_labels,
    script,
    seconds,
    word,
)
from alertwhisperer.sources._reading import LONGEST_MESSAGE, add_label, first, given, links, table
from alertwhisperer.sources.contract import Inbound, Json, Parsed, Source

_SLUG = "icinga2"
_LABELS = {
    "customer": "host.customer",
    "host_display_name": "host.display_name",
    "host_address": "host.address",
    "host_groups": "host.groups",
    "service_display_name": "service.display_name",
    "service_groups": "service.groups",
    "notification_type": "notification.type",
    "author": "notification.author",
    "comment": "notification.comment",
}
_EVENT_LABELS = {"event_type": "type", "notification_type": "notification_type", "author": "author", "comment": "text"}
_HOST_STATES = {0: "UP", 1: "DOWN"}
_SERVICE_STATES = {0: "OK", 1: "WARNING", 2: "CRITICAL", 3: "UNKNOWN"}
_STATE_CHANGE, _NOTIFICATION = "StateChange", "Notification"
_NOTED = {
    "CheckResult": "check_result",
    "AcknowledgementSet": "operator_update",
    "AcknowledgementCleared": "operator_update",
    "CommentAdded": "operator_update",
    "CommentRemoved": "operator_update",
    "DowntimeAdded": "downtime",
    "DowntimeRemoved": "downtime",
    "DowntimeStarted": "downtime",
    "DowntimeTriggered": "downtime",
    "Flapping": "flapping",
}


def parse(inbound: Inbound) -> Parsed:
    """One notification or one event is one occurrence."""
    body = inbound.document
    if type(body) is dict and body.keys() & {"notification.type", "host.name"}:
        return Parsed(((0, _notification(body, inbound)),))
    if type(body) is dict and "host" in body and body.get("type") in (_STATE_CHANGE, _NOTIFICATION, *_NOTED):
        return Parsed(((0, _event(body, inbound)),))
    raise Invalid(
        "this is neither a notification of our Icinga script nor an event of its stream",
        where="notification.type",
        mend="send with the script of the setup page",
    )


def _notification(said: Mapping[str, Json], inbound: Inbound) -> Occurrence:
    service = given(said.get("service.name"))
    about = "host" if service is None else "service"
    labels: dict[str, str] = {}
    put_labels(labels, _LABELS, said)
    for label, name in (("host_state", "host.state"), ("service_state", "service.state")):
        add_label(labels, label, word(said.get(name)))
    notification = Said(
        first((said.get("host.name"), said.get("host.address"))),
        service,
        word(said.get("notification.type")),
        word(said.get(f"{about}.state")),
        given(said.get(f"{about}.output"), LONGEST_MESSAGE),
        seconds(said.get(f"{about}.last_state_change"), inbound.received_at),
    )
    return occurrence(
        _SLUG,
        notification,
        labels,
        links({"notes": said.get(f"{about}.notes_url"), "action": said.get(f"{about}.action_url")}),
    )


def _event(event: Mapping[str, Json], inbound: Inbound) -> Occurrence:
    kind, service, result = event["type"], given(event.get("service")), table(event.get("check_result"))
    states = _HOST_STATES if service is None else _SERVICE_STATES
    if kind == _STATE_CHANGE:
        state = states.get(_number(event.get("state")), "")
    else:  # a check's result has a service's state for hosts too, whose own is not told here
        state = "" if service is None else states.get(_number(result.get("state")), "")
    labels: dict[str, str] = {}
    put_labels(labels, _EVENT_LABELS, event)
    add_label(labels, "check_source", given(result.get("check_source")))
    add_label(labels, f"{'host' if service is None else 'service'}_state", state)
    said = Said(
        given(event.get("host")),
        service,
        word(event.get("notification_type")) if kind == _NOTIFICATION else "",
        state,
        given(result.get("output"), LONGEST_MESSAGE),
        seconds(event.get("timestamp"), inbound.received_at),
    )
    found = occurrence(_SLUG, said, labels, {})
    if kind in _NOTED:
        return noted(found, _NOTED[kind])
    is_soft = kind == _STATE_CHANGE and _number(event.get("state_type")) == 0
    return noted(found, "soft_state") if is_soft and found.kind is Kind.FIRING else found


def _number(value: Json) -> int:
    """A state, which comes as 2 or as 2.0; -1 for what is none."""
    return int(value) if type(value) in (int, float) and value in (0, 1, 2, 3) else -1


def detects(inbound: Inbound) -> bool:
    """Icinga's own names of macros; an event by its check result."""
    body = inbound.document
    if type(body) is not dict:
        return False
    return "host.name" in body or ("host" in body and "check_result" in body and "type" in body)


_ENVIRONMENT = (
    *("notification.type", "notification.author", "notification.comment"),
    *("host.name", "host.display_name", "host.address", "host.groups", "host.state", "host.output"),
    *("host.last_state_change", "host.notes_url", "host.action_url"),
    *("service.name", "service.display_name", "service.groups", "service.state", "service.output"),
    *("service.last_state_change", "service.notes_url", "service.action_url"),
)
_SETTINGS = "\n".join(
    f'    AW_{name.upper().replace(".", "_")} = "${macro}$"'
    for name, macro in (*((name, name) for name in _ENVIRONMENT), ("host.customer", "host.vars.customer"))
)

SCRIPT = script(
    "# Sends a notification of Icinga 2, given in the environment (AW_HOST_NAME is host.name), to Alert Whisperer.\n",
    """\
said = {}
for name, value in os.environ.items():
    if name.startswith("AW_"):
        said[name[3:].lower().replace("_", ".", 1)] = text_of(value)
sys.exit(post(said))
""",
)

OBJECTS = f"""\
object NotificationCommand "alert-whisperer" {{
  command = [ ConfigDir + "/scripts/alert-whisperer.py" ]
  timeout = 30s
  env = {{
{_SETTINGS}
  }}
}}

object User "alert-whisperer" {{
}}

template Notification "alert-whisperer" {{
  command = "alert-whisperer"
  users = [ "alert-whisperer" ]
  interval = 1h
}}

apply Notification "alert-whisperer" to Host {{
  import "alert-whisperer"
  assign where true
}}

apply Notification "alert-whisperer" to Service {{
  import "alert-whisperer"
  assign where true
}}
"""

SETUP = f"""\
1. On the Icinga server (in a cluster: on each master), save this as `/etc/icinga2/scripts/alert-whisperer.py`. It needs
   nothing but Python 3:

```python
{SCRIPT}```

2. It holds the key, so only Icinga may read it (its group is `nagios` on Debian and Ubuntu, `icinga` on Red Hat and
   SUSE):

```sh
chown root:nagios /etc/icinga2/scripts/alert-whisperer.py
chmod 750 /etc/icinga2/scripts/alert-whisperer.py
```

3. A trial, which shows here as a test; it says what is wrong, if anything is:

```sh
sudo -u nagios env AW_NOTIFICATION_TYPE=TEST AW_HOST_NAME=trial-01 /etc/icinga2/scripts/alert-whisperer.py
```

4. Save this as `/etc/icinga2/conf.d/alert-whisperer.conf`; in a cluster, as a file of the masters' zone, such as
   `/etc/icinga2/zones.d/master/alert-whisperer.conf`. To send less, put another condition behind `assign where`, such
   as `host.vars.environment == "production"`:

```text
{OBJECTS}```

5. Notifications must be on: `icinga2 feature enable notification`.
6. Check and reload: `icinga2 daemon --validate`, then `systemctl reload icinga2`.

A real trial: Icinga Web → a test service → *Process check result* → CRITICAL, then again with OK; each as often as the
service's `max_check_attempts`.

Icinga sends once and does not try again, the script tries three times. The interval makes sure that a problem arrives
even if we could not be reached; a repeat never opens a second incident.

CRITICAL and DOWN are critical, WARNING medium, UNKNOWN low. Acknowledgements, downtimes and flapping are noted. For
many customers in one Icinga, give each host `vars.customer = "…"`, and route by the label `customer`.
"""

SOURCE = Source(
    slug=_SLUG,
    title="Icinga 2",
    docs="https://icinga.com/docs/icinga-2/latest/doc/03-monitoring-basics/#notification-commands",
    version=1,
    parse=parse,
    setup=SETUP,
    can_send=("header", "basic", "query", "path"),
    detects=detects,
    route_label="customer",
)
