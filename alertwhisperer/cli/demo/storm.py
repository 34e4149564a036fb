"""
The storm: what four monitoring tools send while a database host fails and the shop behind it follows.

A pure function of a seed and a beginning: the disk of db-01 fills, PostgreSQL stops, its replica falls behind, the
applications run out of connections, the shop answers 5xx, queues grow, probes and synthetic checks fail; then the disk
is cleared and everything recovers. Meanwhile a few things that have nothing to do with it happen as they do every day.
The formats are the tools' own; what varies (who notices when, who flaps, how often each repeats) comes from the seed.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from itertools import pairwise
from random import Random
from re import split

from alertwhisperer.cli.demo import tools
from alertwhisperer.cli.demo.tools import Check, Post

LENGTH_S = 120.0
"""Of the storm in its own time; the demo plays it faster."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """
    One check of one tool on one thing, and when it holds.

    Attributes:
        spells: from and until, in seconds of the storm; several when it flaps. The end of the storm ends none.
        every_s: how often the tool says so again while it holds.
    """

    check: Check
    spells: tuple[tuple[float, float], ...]
    every_s: float


@dataclass(frozen=True, slots=True)
class Shot:
    """One request to the webhook: when (seconds of the storm), to which source, with what."""

    at_s: float
    source: str
    post: Post = field(repr=False)


SITES = ("fra", "ams", "lon", "par", "mad", "mxp", "vie", "zrh", "waw", "cph", "osl", "hel", "dub", "lis", "ath", "bru")
APPS = tuple(f"app-{number:02}" for number in range(1, 9))
_FULL, _DOWN, _CLEARED = 0.0, 12.0, 88.0
_REPEATED = 1.5  # of each `every_s`; so that dedup does not do all the work
_NEVER = 1_000.0  # CloudWatch speaks of changes only


def make_storm(seed: int, began: datetime, *, site: str = SITES[0], pace: float = 1.0) -> tuple[Shot, ...]:
    """
    Every request of the storm, in the order it is sent.

    Args:
        seed: equal seeds give equal storms.
        began: aware UTC; the tools' own times count from it.
        site: where the hosts stand; two storms of different sites share no host and no service.
        pace: seconds of the storm that pass in one real second, so that the tools' times are true.
    """
    chance = Random(seed)  # noqa: S311 - a play, not a secret
    told = sorted(
        (moment for trouble in _troubles(chance, site) for moment in _moments(trouble, chance)),
        key=lambda moment: (moment.at_s, moment.check.name, moment.check.asset),
    )
    clock = _Clock(began, pace)
    run = blake2b(f"{seed}|{began.isoformat()}".encode(), digest_size=6).hexdigest()
    return tuple(_shots(_grouped(told), clock, run))


def alerts_in(shots: Sequence[Shot]) -> int:
    """How many firing alerts the storm holds, as the tools count them."""
    return sum(shot.post.firing for shot in shots)


@dataclass(frozen=True, slots=True)
class _Moment:
    at_s: float
    check: Check
    firing: bool
    since_s: float


@dataclass(frozen=True, slots=True)
class _Clock:
    began: datetime
    pace: float

    def at(self, storm_s: float) -> datetime:
        return self.began.astimezone(UTC) + timedelta(seconds=storm_s / self.pace)


def free_site(assets: Iterable[str]) -> str:
    """A site that none of these assets stands at, so that a storm meets no incident of an earlier one."""
    taken = {part for asset in assets for part in split(r"[./-]", asset)}
    return next((site for site in SITES if site not in taken), SITES[0])


def _troubles(chance: Random, site: str) -> Iterator[Trouble]:
    for trouble in (*_database(), *_applications(chance), *_shop(chance), *_everyday(chance)):
        yield replace(trouble, check=trouble.check.at(site))


def _database() -> Iterator[Trouble]:
    full = "Disk space is critically low"
    yield _steady(
        "zabbix", "db-01", full, "critical", _FULL + 1, _CLEARED + 2, 12, "98 % of /var/lib/postgresql is used"
    )
    yield _steady("datadog", "db-01", full, "critical", _FULL + 3, _CLEARED + 4, 15, "98 % of the disk is used")
    yield _steady(
        "prometheus", "db-01", "NodeFilesystemAlmostOutOfSpace", "critical", _FULL + 2, _CLEARED + 3, 10,
        "/var/lib/postgresql has 1.6 % left", service="shop-db",
    )  # fmt: skip
    yield _steady(
        "prometheus", "db-01", "PostgreSQLDown", "critical", _DOWN, _CLEARED + 6, 8,
        "PostgreSQL on db-01 does not accept connections", service="shop-db",
    )  # fmt: skip
    yield _steady("zabbix", "db-01", "PostgreSQL: Service is down", "critical", _DOWN + 1, _CLEARED + 7, 12)
    yield _steady(
        "datadog", "db-01", "PostgreSQL cannot be reached", "critical", _DOWN + 2, _CLEARED + 8, 14,
        "No connection to db-01:5432", service="shop-db",
    )  # fmt: skip
    yield _steady("cloudwatch", "db-01", "db-01-disk-queue-depth", "high", _FULL + 6, _CLEARED + 4, _NEVER)
    yield _steady(
        "prometheus", "db-02", "PostgreSQLReplicationLag", "high", _DOWN + 4, _CLEARED + 14, 10,
        "db-02 is 94 s behind db-01", service="shop-db",
    )  # fmt: skip
    yield _steady("zabbix", "db-02", "PostgreSQL: Replication lag is high", "high", _DOWN + 6, _CLEARED + 15, 14)


def _applications(chance: Random) -> Iterator[Trouble]:
    for app in APPS:
        late = chance.uniform(2, 9)
        since, until = _DOWN + late, _CLEARED + 5 + chance.uniform(0, 8)
        yield _steady(
            "prometheus", app, "ConnectionPoolExhausted", "high", since, until, 9,
            f"all 50 connections of {app} to db-01 are in use", service="shop",
        )  # fmt: skip
        yield _flapping(
            Check("prometheus", app, "HighErrorRate", "critical", f"{app} answers 5xx", "shop"),
            since + 3, until, 8, chance,
        )  # fmt: skip
        yield _steady("zabbix", app, "Application health check fails", "high", since + 4, until, 16)
        yield _steady(
            "datadog",
            app,
            "Request latency is high",
            "medium",
            since + 2,
            until,
            14,
            "p95 is above 4 s",
            service="shop",
        )
        if chance.random() < 0.6:
            yield _steady("zabbix", app, "Load average is high", "medium", since + 8, until - 6, 18)


def _shop(chance: Random) -> Iterator[Trouble]:
    yield _steady(
        "prometheus", "shop", "ProbeFailed", "critical", _DOWN + 8, _CLEARED + 10, 8,
        "the probe of https://shop.example.com/cart gets 503", service="shop",
    )  # fmt: skip
    yield _steady(
        "datadog", "shop", "Synthetic checkout fails", "critical", _DOWN + 10, _CLEARED + 12, 12,
        "the checkout journey stops at payment", service="shop",
    )  # fmt: skip
    yield _flapping(
        Check("cloudwatch", "app/shop", "shop-alb-5xx", "critical", "the balancer answers 5xx", ""),
        _DOWN + 7, _CLEARED + 9, _NEVER, chance,
    )  # fmt: skip
    yield _steady("cloudwatch", "orders", "orders-queue-age", "high", _DOWN + 14, _CLEARED + 20, _NEVER)
    yield _steady(
        "prometheus", "queue-01", "QueueLag", "high", _DOWN + 12, _CLEARED + 18, 9,
        "orders: 18,400 messages wait", service="orders",
    )  # fmt: skip
    yield _steady(
        "datadog", "queue-01", "Consumers are idle", "medium", _DOWN + 15, _CLEARED + 16, 16, service="orders"
    )


def _everyday(chance: Random) -> Iterator[Trouble]:
    """Nothing to do with the fault, and must not end up in its incidents."""
    yield _steady("zabbix", "printer-2f", "Toner is low", "low", 5, LENGTH_S + 60, 40)
    yield _steady("zabbix", "backup-01", "Backup job took too long", "medium", 20, 70, 30)
    yield _steady("prometheus", "mail-01", "CertificateExpiresSoon", "medium", 9, LENGTH_S + 60, 30, "11 days left")
    yield _steady("datadog", "wiki-01", "Swap usage is high", "low", 34, 80, 25)
    yield _steady("cloudwatch", "batch-01", "batch-cpu-high", "medium", 45, 75, _NEVER)
    yield _flapping(
        Check("zabbix", "vpn-gw", "Interface tun0: Link down", "medium", "link of tun0 went down", ""),
        8,
        100,
        20,
        chance,
    )


def _steady(
    source: str,
    asset: str,
    name: str,
    severity: str,
    since: float,
    until: float,
    every_s: float,
    message: str = "",
    *,
    service: str = "",
) -> Trouble:
    return Trouble(
        Check(source, asset, name, severity, message or f"{name} on {asset}", service), ((since, until),), every_s
    )


def _flapping(check: Check, since: float, until: float, every_s: float, chance: Random) -> Trouble:
    """On and off: two to four spells with short breaks."""
    cuts = sorted(chance.uniform(since + 8, until - 8) for _ in range(chance.randint(1, 3)))
    edges = [since, *cuts, until]
    spells = [(start if start == since else start + 4, end) for start, end in pairwise(edges)]
    return Trouble(check, tuple((start, end) for start, end in spells if end - start > 1), every_s)


def _moments(trouble: Trouble, chance: Random) -> Iterator[_Moment]:
    """What the tool says of it, and when: it fires, again and again, and resolves unless the storm ends first."""
    for since, until in trouble.spells:
        at = since
        while at < min(until, LENGTH_S):
            yield _Moment(at, trouble.check, True, since)
            at += trouble.every_s * _REPEATED * chance.uniform(0.9, 1.1)
        if until < LENGTH_S:
            yield _Moment(until, trouble.check, False, since)


def _grouped(moments: Sequence[_Moment]) -> Iterator[tuple[_Moment, ...]]:
    """One request each, but for Alertmanager, which sends what one alert name has gathered in a second as a group."""
    waiting: dict[str, list[_Moment]] = {}
    for moment in moments:
        for name in [name for name, group in waiting.items() if moment.at_s - group[0].at_s >= 1.0]:
            yield tuple(waiting.pop(name))
        if moment.check.source == "prometheus":
            waiting.setdefault(moment.check.name, []).append(moment)
        else:
            yield (moment,)
    yield from (tuple(group) for group in waiting.values())


def _shots(groups: Iterator[tuple[_Moment, ...]], clock: _Clock, run: str) -> Iterator[Shot]:
    for number, group in enumerate(groups):
        last = group[-1]
        said = [
            tools.Said(one.check, firing=one.firing, since=clock.at(one.since_s), at=clock.at(one.at_s))
            for one in group
        ]
        post = tools.write(last.check.source, said, run=run, number=number)
        yield Shot(last.at_s, last.check.source, post)


def fingerprint(shots: Sequence[Shot]) -> str:
    """A short digest of everything that would be sent, for tests of sameness."""
    text = json.dumps([(shot.at_s, shot.source, shot.post.body.decode()) for shot in shots])
    return blake2b(text.encode(), digest_size=8).hexdigest()
