"""
The traffic: what tools of many companies say about their problems, most of it repeats.

80% of the alerts repeat what fires, 10% resolve something, 10% fire again what was resolved (a new cycle). Nothing here
is random in a way that a second run would not repeat: all of it comes from one seed.
"""

from __future__ import annotations

import copy
import time
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import NamedTuple

from bench import requests
from bench.requests import Batch
from tests.server import Sender, sign

_RESOLVES, _NEW_CYCLES = 0.10, 0.10
_QUIET_AT_FIRST = 0.10  # of an integration's problems, so that there is always one to fire again
_TICK_US = 10  # between two alerts, as their tools tell the time; shorter than anyone can send them
_NOT_ENDED = "0001-01-01T00:00:00Z"
_CHECKS = (
    ("HighCpuLoad", "critical", "cpu"),
    ("DiskWillFill", "warning", "disk"),
    ("MemoryPressure", "warning", "memory"),
    ("ServiceDown", "critical", "probe"),
    ("LatencyAboveTarget", "warning", "latency"),
    ("ErrorRateAboveTarget", "critical", "errors"),
    ("CertificateExpires", "info", "tls"),
    ("ReplicationLag", "warning", "replication"),
    ("QueueGrows", "warning", "queue"),
    ("BackupMissed", "info", "backup"),
)
_NEVER_SEEN = 1_000_000  # problems of the history are numbered from here


class Alert(NamedTuple):
    """What a tool says; times in microseconds since 1970."""

    problem: int
    started: int
    ended: int | None


@dataclass(slots=True)
class _Tool:
    """What one integration's tool sees: which of its problems fire and since when."""

    firing: list[int]
    started: dict[int, int]
    quiet: deque[int] = field(default_factory=deque)


class Traffic:
    """
    The stream of one group of integrations; it goes on where the last file stopped.

    Args:
        senders: the integrations; problems are spread evenly over them.
        problems: distinct ones in all.
    """

    def __init__(self, senders: Sequence[Sender], problems: int, seed: int) -> None:
        self.senders = senders
        self.each = problems // len(senders)
        self._random = Random(seed)
        self._time_us = 0
        self._serial = 0
        self._history = _NEVER_SEEN
        self._tools = [_Tool(list(range(self.each)), {}) for _ in senders]
        self._cache: dict[tuple[str, int], tuple[bytes, bytes]] = {}
        self._before: Traffic | None = None

    # -------------------------------------------------------------------------------------------- files

    def opening(self, path: Path) -> Batch:
        """Every problem fires once and a tenth of them are resolved: the state that the mix then keeps."""
        self._wind(time.time(), len(self.senders) * self.each * 2)
        return self._signed(path, 100, self._opening())

    def mixed(self, path: Path, count: int, size: int) -> Batch:
        """`count` requests of `size` alerts of the mix, signed with the present time: send them within 4 minutes."""
        self._wind(time.time(), count * size)
        self._before = copy.deepcopy(self)
        return self._signed(path, size, (self._mix(size) for _ in range(count)))

    def history(self, path: Path, alerts: int) -> Batch:
        """Alerts about problems that were never heard of and never will be again, in hundreds."""
        self._wind(time.time(), alerts)
        return self._signed(path, 100, self._never_seen(alerts // 100))

    def for_alertmanager(self, path: Path, count: int, size: int) -> Batch:
        """The same mix as Alertmanager's own API takes it; a stream of its own that leaves this one where it is."""
        twin = copy.deepcopy(self)
        twin._wind(time.time(), count * size)
        bodies = (twin._alertmanager_body(*twin._mix(size)) for _ in range(count))
        return Batch(path, requests.write(path, (requests.raw("/api/v2/alerts", (), body) for body in bodies)), size)

    def keep(self, used: int, size: int) -> None:
        """Of the last `mixed` only the first `used` requests were sent: what the others said never happened."""
        assert self._before is not None
        self._random, self._tools, self._time_us = self._before._random, self._before._tools, self._before._time_us
        self._before = None
        for _ in range(used):
            self._mix(size)

    # -------------------------------------------------------------------------------------------- what is said

    def _opening(self) -> Iterator[tuple[int, list[Alert]]]:
        for place, tool in enumerate(self._tools):
            alerts = [self._fire(tool, problem) for problem in tool.firing]
            for first in range(0, len(alerts), 100):
                yield place, alerts[first : first + 100]
        for place, tool in enumerate(self._tools):
            alerts = [self._resolve(tool) for _ in range(int(self.each * _QUIET_AT_FIRST))]
            for first in range(0, len(alerts), 100):
                yield place, alerts[first : first + 100]

    def _never_seen(self, count: int) -> Iterator[tuple[int, list[Alert]]]:
        for number in range(count):
            alerts = [Alert(self._history + n, self._tick(), None) for n in range(100)]
            self._history += 100
            yield number % len(self.senders), alerts

    def _mix(self, size: int) -> tuple[int, list[Alert]]:
        place = self._random.randrange(len(self._tools))
        tool = self._tools[place]
        if size == 1:
            return place, [self._one(tool)]
        ending = [self._resolve(tool) for _ in range(round(size * _RESOLVES))]
        again = [self._fire_again(tool) for _ in range(min(round(size * _NEW_CYCLES), len(tool.quiet) - len(ending)))]
        rest = size - len(ending) - len(again)
        # Nothing is said twice in one request, as no tool does.
        repeated = self._random.sample(tool.firing[: len(tool.firing) - len(again)], rest)
        alerts = [*ending, *again, *(Alert(problem, tool.started[problem], None) for problem in repeated)]
        self._random.shuffle(alerts)
        return place, alerts

    def _one(self, tool: _Tool) -> Alert:
        chance = self._random.random()
        # The share of quiet problems wanders; at its borders it is led back.
        many, few = len(tool.quiet) > self.each // 4, len(tool.quiet) < max(self.each // 50, 1)
        if chance < _RESOLVES + _NEW_CYCLES:
            wants_resolve = chance < _RESOLVES
            return self._resolve(tool) if few or (wants_resolve and not many) else self._fire_again(tool)
        problem = self._random.choice(tool.firing)
        return Alert(problem, tool.started[problem], None)

    def _resolve(self, tool: _Tool) -> Alert:
        place = self._random.randrange(len(tool.firing))
        problem, tool.firing[place] = tool.firing[place], tool.firing[-1]
        tool.firing.pop()
        tool.quiet.append(problem)
        return Alert(problem, tool.started[problem], self._tick())

    def _fire_again(self, tool: _Tool) -> Alert:
        problem = tool.quiet.popleft()  # the one that is quiet for longest: nobody's order of arrival matters then
        tool.firing.append(problem)
        return self._fire(tool, problem)

    def _fire(self, tool: _Tool, problem: int) -> Alert:
        tool.started[problem] = self._tick()
        return Alert(problem, tool.started[problem], None)

    def _wind(self, now: float, alerts: int) -> None:
        """Set the tools' clock so that the next alerts end just before now."""
        self._time_us = max(self._time_us, int(now * 1e6) - alerts * _TICK_US * 2)

    def _tick(self) -> int:
        self._time_us += _TICK_US
        return self._time_us

    # -------------------------------------------------------------------------------------------- how it is said

    def _signed(self, path: Path, size: int, said: Iterator[tuple[int, list[Alert]]]) -> Batch:
        ids: list[str] = []
        now = time.time()

        def each() -> Iterator[bytes]:
            for place, alerts in said:
                sender = self.senders[place]
                body = self._body(sender, place, alerts)
                self._serial += 1
                ids.append(f"{sender.integration_id[-12:]}-{self._serial}")
                headers = {"X-API-Key": sender.api_key, **sign(sender.hmac_secret, body, delivery_id=ids[-1], at=now)}
                yield requests.raw(sender.path, headers.items(), body)

        return Batch(path, requests.write(path, each()), size, tuple(ids))

    def _body(self, sender: Sender, place: int, alerts: Sequence[Alert]) -> bytes:
        if sender.source == "prometheus":
            return _GROUP % b",".join(self._prometheus(place, alert) for alert in alerts)
        members = [self._generic(place, alert) for alert in alerts]
        return members[0] if len(members) == 1 else b"[" + b",".join(members) + b"]"

    def _prometheus(self, place: int, alert: Alert) -> bytes:
        fixed, status = (
            self._fixed("prometheus", place, alert.problem),
            b"firing" if alert.ended is None else b"resolved",
        )
        ended = _NOT_ENDED if alert.ended is None else _rfc3339(alert.ended)
        times = f'"startsAt":"{_rfc3339(alert.started)}","endsAt":"{ended}"}}'.encode()
        return b'{"status":"%s",%s,"fingerprint":"%s",%s' % (status, fixed[0], fixed[1], times)

    def _generic(self, place: int, alert: Alert) -> bytes:
        fixed = self._fixed("generic", place, alert.problem)
        if alert.ended is None:
            return b'{%s,"status":"firing","started_at":"%s"}' % (fixed[0], _rfc3339(alert.started).encode())
        times = f'"started_at":"{_rfc3339(alert.started)}","ended_at":"{_rfc3339(alert.ended)}"'.encode()
        return b'{%s,"status":"resolved",%s}' % (fixed[0], times)

    def _alertmanager_body(self, place: int, alerts: Sequence[Alert]) -> bytes:
        return b"[" + b",".join(self._alertmanager(place, alert) for alert in alerts) + b"]"

    def _alertmanager(self, place: int, alert: Alert) -> bytes:
        # Alertmanager knows no companies: a label keeps their problems apart.
        tenant = b'"labels":{"tenant":"%d",' % place
        fixed = self._fixed("prometheus", place, alert.problem)[0].replace(b'"labels":{', tenant, 1)
        times = f'"startsAt":"{_rfc3339(alert.started)}"'
        if alert.ended is not None:
            times += f',"endsAt":"{_rfc3339(alert.ended)}"'
        return b"{%s,%s}" % (fixed, times.encode())

    def _fixed(self, source: str, place: int, problem: int) -> tuple[bytes, bytes]:
        """What a tool says of a problem each time, and the problem's fingerprint."""
        name = f"{source}{place // 2}"  # both tools of a company watch the same hosts
        key = (name, problem)
        found = self._cache.get(key)
        if found is None:
            found = (_prometheus if source == "prometheus" else _generic)(place // 2, problem)
            if problem < _NEVER_SEEN:
                self._cache[key] = found
        return found

    def __deepcopy__(self, memo: dict[int, object]) -> Traffic:
        twin = Traffic.__new__(Traffic)
        twin.__dict__.update(self.__dict__)  # the cache and the senders are shared
        twin._random = Random()
        twin._random.setstate(self._random.getstate())
        twin._tools = copy.deepcopy(self._tools, memo)
        return twin


def _prometheus(company: int, problem: int) -> tuple[bytes, bytes]:
    check, severity, topic = _CHECKS[problem % 10]
    host = f"app-{problem // 10:03d}.c{company:02d}.example.net"
    fingerprint = f"{(company << 40 | problem) * 0x9E3779B97F4A7C15 & 0xFFFFFFFFFFFFFFFF:016x}".encode()
    labels = (
        f'"labels":{{"alertname":"{check}","instance":"{host}:9100","job":"node","severity":"{severity}",'
        f'"cluster":"fra-{company:02d}","service":"shop-{problem % 7}"}},'
        f'"annotations":{{"summary":"{check} on {host}","description":"{topic} of {host} is out of its bounds '
        f'for more than 5 minutes"}},'
        f'"generatorURL":"http://prometheus.c{company:02d}.example.net:9090/graph?g0.expr={topic}%3E0.9&g0.tab=1"'
    )
    return labels.encode(), fingerprint


def _generic(company: int, problem: int) -> tuple[bytes, bytes]:
    check, severity, topic = _CHECKS[problem % 10]
    host = f"app-{problem // 10:03d}.c{company:02d}.example.net"
    text = (
        f'"asset_name":"{host}","signature":"{check}","severity":"{severity}",'
        f'"message":"{topic} of {host} is out of its bounds","tool_source":"nightwatch"'
    )
    return text.encode(), b""


_GROUP = (
    b'{"receiver":"alert-whisperer","status":"firing","alerts":[%s],"groupLabels":{},"commonLabels":{"job":"node"},'
    b'"commonAnnotations":{},"externalURL":"http://alertmanager.example.net:9093","version":"4",'
    b'"groupKey":"{}:{}","truncatedAlerts":0}'
)

_seconds: dict[int, str] = {}


def _rfc3339(time_us: int) -> str:
    second, rest = divmod(time_us, 1_000_000)
    text = _seconds.get(second)
    if text is None:
        text = _seconds[second] = datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{text}.{rest:06d}Z"
