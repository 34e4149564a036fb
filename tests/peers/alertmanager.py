"""A real Prometheus with a real Alertmanager, set up as our setup text says, and the applications that they watch."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import httpx

from tests.peers.process import HOST, Program, await_answer, running
from tests.server import free_port

PROGRAMS = ("prometheus", "prometheus-alertmanager", "amtool", "promtool")

_PROMETHEUS = """\
global:
  scrape_interval: 1s
  scrape_timeout: 1s
  evaluation_interval: 1s
alerting:
  alertmanagers:
    - static_configs: [{{targets: ["{alertmanager}"]}}]
rule_files: [rules.yml]
scrape_configs:
  - job_name: application
    static_configs:
{targets}
"""
_TARGET = """\
      - targets: ["{address}"]
        labels: {{instance: "{instance}:9100", __metrics_path__: "/{instance}"}}
"""
_RULES = """\
groups:
  - name: applications
    rules:
      - alert: ApplicationDown
        expr: application_healthy == 0
        labels: {severity: critical}
        annotations:
          summary: 'The application on {{ $labels.instance }} answers no more'
          runbook_url: https://runbooks.example.org/application-down
"""
# Minutes are right for people who are called at night, and only slow here.
_HASTE = {"group_wait": "0s", "group_interval": "1s"}


class Applications:
    """Applications by host name, whose health the test turns; their metrics are served as an exporter would."""

    def __init__(self, *hosts: str) -> None:
        self._healthy = dict.fromkeys(hosts, True)
        health = self._healthy

        class Exporter(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                text = f"application_healthy {int(health[self.path.removeprefix('/')])}\n".encode()
                self.send_response(200)
                self.send_header("Content-Type", "text/plain; version=0.0.4")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._exporter = ThreadingHTTPServer((HOST, 0), Exporter)

    @property
    def hosts(self) -> tuple[str, ...]:
        """Their hosts' names."""
        return tuple(self._healthy)

    @property
    def address(self) -> str:
        """Where the exporter listens."""
        return f"{HOST}:{self._exporter.server_address[1]}"

    def fail(self, host: str) -> None:
        """From now on this one is ill."""
        self._healthy[host] = False

    def mend(self, host: str) -> None:
        """From now on this one is well."""
        self._healthy[host] = True

    @contextmanager
    def served(self) -> Iterator[None]:
        """The exporter answers until the block ends."""
        thread = Thread(target=self._exporter.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield
        finally:
            self._exporter.shutdown()
            thread.join()
            self._exporter.server_close()


@dataclass(frozen=True, slots=True)
class Watch:
    """Both programs while they run."""

    programs: tuple[Program, ...]

    def told(self) -> str:
        """The ends of their logs."""
        return "\n".join(f"── {program.name}\n{program.log_tail()}" for program in self.programs)


@contextmanager
def watching(
    applications: Applications, setup: str, place: Path, changed: Mapping[str, str] | None = None
) -> Iterator[Watch]:
    """
    Prometheus and Alertmanager until the block ends.

    Args:
        setup: our setup text; its YAML is Alertmanager's configuration as it stands, only in a hurry.
        changed: further settings of the route whose values are replaced.
    """
    own, alertmanager = free_port(), free_port()
    (place / "alertmanager.yml").write_text(_alertmanager_yaml(setup, {**_HASTE, **(changed or {})}))
    targets = "".join(
        _TARGET.format(address=applications.address, instance=host) for host in applications.hosts
    ).rstrip()
    (place / "prometheus.yml").write_text(_PROMETHEUS.format(alertmanager=f"{HOST}:{alertmanager}", targets=targets))
    (place / "rules.yml").write_text(_RULES)
    with ExitStack() as stack:
        stack.enter_context(applications.served())
        started = [
            stack.enter_context(
                running(
                    "alertmanager",
                    [
                        "prometheus-alertmanager",
                        "--config.file=alertmanager.yml",
                        "--storage.path=alertmanager",
                        f"--web.listen-address={HOST}:{alertmanager}",
                        "--cluster.listen-address=",
                    ],
                    place=place,
                )
            ),
            stack.enter_context(
                running(
                    "prometheus",
                    [
                        "prometheus",
                        "--config.file=prometheus.yml",
                        "--storage.tsdb.path=prometheus",
                        f"--web.listen-address={HOST}:{own}",
                    ],
                    place=place,
                )
            ),
        ]
        for program, port in zip(started, (alertmanager, own), strict=True):
            _await_ready(program, port)
        yield Watch(tuple(started))


def _alertmanager_yaml(setup: str, changed: Mapping[str, str]) -> str:
    """The YAML block of the setup text, with the values of some lines replaced; each must be there."""
    found = re.search(r"```yaml\n(.*?)```", setup, re.DOTALL)
    assert found is not None, "the setup text shows no alertmanager.yml"
    text = found.group(1)
    for name, value in changed.items():
        text, count = re.subn(rf"(?m)^(\s*{name}:) .*$", rf"\1 {value}", text)
        assert count == 1, f"{name} is not in the setup text's YAML"
    return text


def _await_ready(program: Program, port: int) -> None:
    def ask() -> bool | None:
        program.check()
        try:
            return httpx.get(f"http://{HOST}:{port}/-/ready", timeout=5, trust_env=False).status_code == 200 or None
        except httpx.TransportError:
            return None

    await_answer(ask, f"{program.name} to be ready", told=program.log_tail)
