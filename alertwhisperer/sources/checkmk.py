"""
Checkmk: the notification script of our setup text, which sends contexts (`NOTIFY_*`) one by one or, in bulk mode, many
at a time.

Host names repeat between sites, so the site is part of the identity. The ids of problems are not: whether a recovery
has its problem's id depends on the core. Messages of the Event Console are the exception. Each is a problem of its own,
and a later one of the same application must not end it.

Names of variables, short states, the form of a bulk, the Event Console's contexts and most names of menus were checked
against Checkmk's source. That 1 means "later" and 2 "never" to it is from general knowledge, and no Checkmk was run.
"""

from collections.abc import Iterable, Mapping

from alertwhisperer.domain.errors import Invalid
from alertwhisperer.domain.occurrence import Occurrence, Refused
from alertwhisperer.sources._nagios import (
    Said,
    checked,
    occurrence,
    put_labels,
    script,
    seconds,
    word,
)
from alertwhisperer.sources._reading import LONGEST_MESSAGE, add_label, first, given, links, rows, table
from alertwhisperer.sources.contract import Inbound, Json, Parsed, Source

_SLUG = "checkmk"
_PREFIX = "notify_"
_NEEDED = frozenset({"hostname", "notificationtype"})
_LABELS = {
    "site": "omd_site",
    "host_alias": "hostalias",
    "host_address": "hostaddress",
    "host_groups": "hostgroupnames",
    "service_groups": "servicegroupnames",
    "check_command": "servicecheckcommand",
    "notification_type": "notificationtype",
    "author": "notificationauthor",
    "comment": "notificationcomment",
    "event_id": "ec_id",
    "event_rule": "ec_rule_id",
    "event_priority": "ec_priority",
    "event_facility": "ec_facility",
}
_TAGS = {"hosttag_": "tag.", "hostlabel_": "host_label.", "servicelabel_": "service_label."}


def parse(inbound: Inbound) -> Parsed:
    """Each context is one occurrence."""
    members = _members(inbound.document)
    read: list[tuple[int, Occurrence]] = []
    refused: list[Refused] = []
    for place, member in enumerate(members):
        context = _lowered(table(member))
        if context.keys() & _NEEDED:
            read.append((place, _occurrence(context, inbound)))
        else:
            refused.append(
                Refused(
                    place,
                    "this is not a context of Checkmk: it has neither hostname nor notificationtype",
                    f"contexts[{place}]",
                    "send with the script of the setup page",
                )
            )
    return Parsed(tuple(read), tuple(refused))


def _members(body: Json) -> list[Json]:
    """The contexts of `{"contexts": [...]}`, or a single one by itself."""
    if type(body) is dict:
        members = rows(body.get("contexts")) or ([body] if _lowered(body).keys() & _NEEDED else [])
        if members:
            return members
    raise Invalid(
        "this is no notification of Checkmk: it holds no contexts",
        where="contexts",
        mend="send with the script of the setup page",
    )


def _lowered(context: Mapping[str, Json]) -> dict[str, Json]:
    """The variables in lower case without `NOTIFY_`, however the sender spelled them."""
    return {name.lower().removeprefix(_PREFIX): value for name, value in context.items()}


def _occurrence(context: Mapping[str, Json], inbound: Inbound) -> Occurrence:
    service = None if word(context.get("what")) == "HOST" else given(context.get("servicedesc"))
    about = "host" if service is None else "service"
    host = first((context.get("hostname"), context.get("hostaddress")))
    changed = (
        seconds(context.get(name), inbound.received_at) for name in (f"last{about}statechange", "microtime")
    )  # either may be missing: it depends on the core
    said = Said(
        host,
        service,
        word(context.get("notificationtype")),
        _state(context, about),
        given(context.get(f"{about}output"), LONGEST_MESSAGE),
        next(filter(None, changed), None),
    )
    return occurrence(
        _SLUG,
        said,
        _labels(context),
        _links(context, about),
        problem=_problem(context, checked(host or _SLUG, service)),
    )


def _state(context: Mapping[str, Json], about: str) -> str:
    return word(context.get(f"{about}state")) or word(context.get(f"{about}shortstate"))


def _problem(context: Mapping[str, Json], check: str) -> str:
    site, event = given(context.get("omd_site")), given(context.get("ec_id"))
    named = check if event is None else f"{check}!{event}"
    return named if site is None else f"{site}/{named}"


def _labels(context: Mapping[str, Json]) -> dict[str, str]:
    labels: dict[str, str] = {}
    put_labels(labels, _LABELS, context)
    for about in ("host", "service"):
        add_label(labels, f"{about}_state", _state(context, about))
    for name, value in _tagged(context.items()):
        add_label(labels, name, given(value, LONGEST_MESSAGE))
    return labels


def _tagged(variables: Iterable[tuple[str, Json]]) -> Iterable[tuple[str, Json]]:
    for name, value in variables:
        for prefix, label in _TAGS.items():
            if name.startswith(prefix):
                yield label + name.removeprefix(prefix), value


def _links(context: Mapping[str, Json], about: str) -> dict[str, str]:
    """Checkmk knows its pages only from `/check_mk/` on; where that is, the script was told."""
    home, page = given(context.get("site_url"), 512), context.get(f"{about}url")
    if home is None or type(page) is not str or not page.startswith("/check_mk/"):
        return {}
    return links({"console": home.rstrip("/") + page})


def detects(inbound: Inbound) -> bool:
    """What only Checkmk has: contexts that say what they are about."""
    body = inbound.document
    if type(body) is not dict:
        return False
    context = table(next(iter(rows(body.get("contexts"))), body))
    return "notificationtype" in context and "hostname" in context and "what" in context


_NAMES = (
    *("WHAT", "NOTIFICATIONTYPE", "NOTIFICATIONAUTHOR", "NOTIFICATIONCOMMENT", "OMD_SITE", "MICROTIME"),
    *("HOSTNAME", "HOSTALIAS", "HOSTADDRESS", "HOSTGROUPNAMES", "HOSTSTATE", "HOSTOUTPUT", "HOSTURL"),
    *("LASTHOSTSTATECHANGE", "SERVICEDESC", "SERVICEGROUPNAMES", "SERVICESTATE", "SERVICEOUTPUT"),
    *("SERVICEURL", "LASTSERVICESTATECHANGE", "SERVICECHECKCOMMAND"),
    *("EC_ID", "EC_RULE_ID", "EC_PRIORITY", "EC_FACILITY"),
)
_ROWS = "\n".join(f"    {' '.join(_NAMES[start : start + 5])}" for start in range(0, len(_NAMES), 5))

SCRIPT = script(
    """\
# Alert Whisperer
# Bulk: yes

# Sends notifications of Checkmk to Alert Whisperer.
""",
    f'''\
SITE_URL = ""  # such as https://checkmk.example.com/mysite: alerts then link to Checkmk's pages
NAMES = """
{_ROWS}
""".split()
TAGS = ("HOSTTAG_", "HOSTLABEL_", "SERVICELABEL_")
MOST = 200  # contexts that go at once


def chosen(context):
    """What is sent of a context: never its PARAMETERs, which may hold secrets of other methods."""
    said = {{"site_url": SITE_URL}}
    for name, value in context.items():
        if name in NAMES or name.startswith(TAGS):
            said[name.lower()] = text_of(value)
    return said


def bulk(lines):
    """The contexts of a bulk: blocks of NAME=VALUE, the first of them about the bulk itself."""
    contexts = []
    for line in lines:
        name, is_set, value = line.rstrip("\\n").partition("=")
        if not name.strip():
            contexts.append({{}})
        elif contexts and is_set:
            contexts[-1][name] = value.replace("\\1", "\\n")
    return contexts


if "--bulk" in sys.argv:
    contexts = bulk(open(0, encoding="utf-8", errors="replace"))
else:
    contexts = [{{name[7:]: value for name, value in os.environ.items() if name.startswith("NOTIFY_")}}]
contexts = [chosen(context) for context in contexts if context]
sys.exit(max([post({{"contexts": contexts[at : at + MOST]}}) for at in range(0, len(contexts), MOST)], default=0))
''',
)

SETUP = f"""\
1. On the Checkmk server, as the site's user (`omd su mysite`), save this as
   `~/local/share/check_mk/notifications/alert_whisperer` (in a distributed setup: on the central site, or wherever
   notifications are sent). The three lines at the top must stay where they are:

```python
{SCRIPT}```

2. It holds the key, so only the site's user may read it:

```sh
chmod 700 ~/local/share/check_mk/notifications/alert_whisperer
```

3. A trial, still as the site's user, which shows here as a test; it says what is wrong, if anything is:

```sh
NOTIFY_WHAT=HOST NOTIFY_NOTIFICATIONTYPE=TEST NOTIFY_HOSTNAME=trial-01 \\
  ~/local/share/check_mk/notifications/alert_whisperer
```

4. Checkmk → *Setup* → *Events* → *Notifications* → *Add notification rule* (older: *Add rule*):
   - description: `Alert Whisperer`
   - events or triggers: all changes of state of hosts and services, **to OK and UP as well**, or nothing resolves;
     acknowledgements and downtimes too, if you like: they are noted
   - notification method: **Alert Whisperer**; no parameters
   - contacts or recipients: one user only, or each notification is sent once for every contact. Repeats do no harm,
     they only count
5. *Setup* → *Hosts* → *Host monitoring rules* → *Periodic notifications during host problems*, and the same for
   services: an hour or so makes sure that a problem arrives even if we could not be reached. A repeat never opens a
   second incident.

A real trial: a test service → *Commands* → *Fake check results* → CRIT, then OK. *Test notifications* on the
notifications page sends too when *Trigger notification for a specific method* is on.

The commercial editions try again when we could not be reached (the script ends with 1) if *Asynchronous local delivery
by notification spooler* is on (*Global settings* → *Notifications*).

CRIT and DOWN are critical, UNREACHABLE is high, WARN medium, UNKNOWN low. Bulks are understood, but make alerts late. A
message of the Event Console resolves when it is cancelled with a notification. Where each customer has a site, route by
the label `site`.
"""

SOURCE = Source(
    slug=_SLUG,
    title="Checkmk",
    docs="https://docs.checkmk.com/latest/en/notifications.html#scripts",
    version=1,
    parse=parse,
    setup=SETUP,
    can_send=("header", "basic", "query", "path"),
    detects=detects,
    route_label="site",
)
