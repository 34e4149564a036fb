"""A real Zabbix: its server, its front end for the API, a database of its own, set up as our setup text says."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import struct
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from socket import create_connection
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit, urlunsplit
from uuid import uuid4

import asyncpg
import httpx

from tests.database import run_apart
from tests.peers.process import HOST, Program, await_answer, running
from tests.server import free_port

ZONE = "Asia/Kolkata"
"""In which this Zabbix tells the time: far from UTC, and by an uneven number of hours."""

MEDIA_TYPE = "Alert Whisperer"
ADDRESS = "https://zabbix.example.org"
_FRONTEND = Path("/usr/share/zabbix")
_SCHEMA = Path("/usr/share/zabbix-server-pgsql")
NEEDED = ("zabbix_server", "zabbix_sender", "php", str(_FRONTEND / "api_jsonrpc.php"), str(_SCHEMA / "schema.sql.gz"))

_SERVER = """\
ListenIP={host}
ListenPort={port}
LogType=console
PidFile={place}/zabbix_server.pid
SocketDir={place}
DBHost={db.host}
DBPort={db.port}
DBName={db.name}
DBUser={db.user}
DBPassword={db.password}
AllowRoot=1
AllowUnsupportedDBVersions=1
CacheUpdateFrequency=1
StartPollers=1
StartPingers=0
StartDiscoverers=0
StartHTTPPollers=0
StartODBCPollers=0
StartHistoryPollers=0
StartPreprocessors=1
StartLLDProcessors=1
StartTrappers=2
StartAlerters=2
StartDBSyncers=1
"""
_PAGES = """\
<?php
$DB['TYPE'] = 'POSTGRESQL';
$DB['SERVER'] = {host};
$DB['PORT'] = {port};
$DB['DATABASE'] = {name};
$DB['USER'] = {user};
$DB['PASSWORD'] = {password};
$DB['SCHEMA'] = '';
$DB['ENCRYPTION'] = false;
$DB['DOUBLE_IEEE754'] = true;
"""
# Where Debian's build looks, whatever the copy's place; there is no setting for it.
_CONFIG_PATH = "/etc/zabbix/zabbix.conf.php"
_CONFIG_CLASS = Path("include/classes/core/CConfigFile.php")


@dataclass(frozen=True, slots=True)
class _Base:
    """Zabbix's database, as its settings name it."""

    host: str
    port: str
    name: str
    user: str
    password: str = field(repr=False)


class Zabbix:
    """A running Zabbix, spoken to as an administrator of it would: by its API, its sender and its test button."""

    def __init__(self, port: int, pages_port: int, programs: Sequence[Program]) -> None:
        self._port = port
        self._api = f"http://{HOST}:{pages_port}/api_jsonrpc.php"
        self._programs = programs
        self._session = ""

    def told(self) -> str:
        """The ends of both logs."""
        return "\n".join(f"── {program.name}\n{program.log_tail()}" for program in self._programs)

    def call(self, method: str, params: Any) -> Any:
        """What the API answers; raises AssertionError with its error."""
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        if self._session:
            body["auth"] = self._session
        headers = {"Content-Type": "application/json-rpc"}
        answer = httpx.post(self._api, json=body, headers=headers, timeout=30, trust_env=False).json()
        assert "error" not in answer, f"{method}: {answer['error']}"
        return answer["result"]

    def sign_in(self) -> None:
        """As the administrator that Zabbix comes with; waits for server and front end."""

        def ask() -> str | None:
            for program in self._programs:
                program.check()
            try:
                with create_connection((HOST, self._port), timeout=5):
                    return str(self.call("user.login", {"username": "Admin", "password": "zabbix"}))
            except (OSError, httpx.TransportError):
                return None

        self._session = await_answer(ask, "Zabbix to be ready", told=self.told)
        self.call("settings.update", {"default_timezone": ZONE})
        # It comes with a host that has problems of its own here, where no agent runs.
        [itself] = self.call("host.get", {"filter": {"host": "Zabbix server"}})
        self.call("host.update", {"hostid": itself["hostid"], "status": 1})

    def add_media_type(self, file: Path, webhook_url: str, api_key: str) -> None:
        """Steps 1 to 5 of our setup text: media type, its two parameters, user's media, action, global macro."""
        rules = {"mediaTypes": {"createMissing": True, "updateExisting": True}}
        self.call("configuration.import", {"format": "yaml", "source": file.read_text(), "rules": rules})
        kind = self.media_type()
        given = {"webhook_url": webhook_url, "api_key": api_key}
        parameters = [{**one, "value": given.get(one["name"], one["value"])} for one in kind["parameters"]]
        self.call("mediatype.update", {"mediatypeid": kind["mediatypeid"], "parameters": parameters})
        self._act_by(kind["mediatypeid"])
        if not self.call("usermacro.get", {"globalmacro": True, "filter": {"macro": "{$ZABBIX.URL}"}}):
            self.call("usermacro.createglobal", {"macro": "{$ZABBIX.URL}", "value": ADDRESS})

    def media_type(self) -> Mapping[str, Any]:
        """Ours, as Zabbix keeps it."""
        [kind] = self.call("mediatype.get", {"output": "extend", "filter": {"name": MEDIA_TYPE}})
        assert isinstance(kind, dict)
        return kind

    def _act_by(self, media_type_id: str) -> None:
        """A user of its own with this media, and an action that sends problems, recoveries and updates to it."""
        media = {"mediatypeid": media_type_id, "sendto": "alert-whisperer", "active": 0, "severity": 63}
        user_id = self._user([{**media, "period": "1-7,00:00-24:00"}])
        send = {
            "operationtype": 0,
            "opmessage": {"default_msg": 1, "mediatypeid": media_type_id},
            "opmessage_usr": [{"userid": user_id}],
        }
        name = "Tell Alert Whisperer"
        if self.call("action.get", {"filter": {"name": name}}):
            return
        self.call(
            "action.create",
            {
                "name": name,
                "eventsource": 0,
                "esc_period": "1h",
                "filter": {"evaltype": 0, "conditions": []},
                "operations": [send],
                "recovery_operations": [send],
                "update_operations": [send],
            },
        )

    def _user(self, medias: Sequence[Mapping[str, Any]]) -> str:
        """The id of an ordinary user who may read the hosts, and nothing else."""
        username = "alert-whisperer"
        found = self.call("user.get", {"filter": {"username": username}})
        if found:
            self.call("user.update", {"userid": found[0]["userid"], "medias": medias})
            return str(found[0]["userid"])
        readable = {"permission": 2, "id": self._host_group()}
        group = self.call("usergroup.create", {"name": "Alert Whisperer", "rights": [readable]})
        made = self.call(
            "user.create",
            {
                "username": username,
                "passwd": uuid4().hex,
                "roleid": "1",
                "usrgrps": [{"usrgrpid": group["usrgrpids"][0]}],
                "medias": medias,
            },
        )
        return str(made["userids"][0])

    def _host_group(self) -> str:
        [group] = self.call("hostgroup.get", {"filter": {"name": "Linux servers"}})
        return str(group["groupid"])

    def add_host(self, host: str, *, trigger: str, severity: int) -> None:
        """A host with the number `disk.free`, and a trigger that fires while it is under 10."""
        interface = {"type": 1, "main": 1, "useip": 1, "ip": "192.0.2.7", "dns": "", "port": "10050"}
        made = self.call(
            "host.create",
            {
                "host": host,
                "name": f"{host} (disk)",
                "groups": [{"groupid": self._host_group()}],
                "interfaces": [interface],
                "status": 1,  # unmonitored: the server must not take a value before it knows the trigger as well
            },
        )
        item = {"hostid": made["hostids"][0], "name": "Free disk space", "key_": "disk.free", "type": 2}
        self.call("item.create", {**item, "value_type": 0})
        expression = f"last(/{host}/disk.free)<10"
        tags = [{"tag": "scope", "value": "capacity"}]
        self.call(
            "trigger.create", {"description": trigger, "expression": expression, "priority": severity, "tags": tags}
        )
        self.call("host.update", {"hostid": made["hostids"][0], "status": 0})

    def send(self, host: str, value: float) -> None:
        """A value of `disk.free`, by zabbix_sender; waits until the server knows the host."""
        command = ["zabbix_sender", "-z", HOST, "-p", self._port, "-s", host, "-k", "disk.free", "-o", value]

        def ask() -> bool | None:
            sent = subprocess.run([str(part) for part in command], capture_output=True, check=False, timeout=30)
            return sent.returncode == 0 or None

        await_answer(ask, f"Zabbix to take a value of {host}", told=self.told)

    def comment(self, text: str) -> None:
        """What an operator writes to the newest problem."""
        [problem] = self.call("problem.get", {"sortfield": "eventid", "sortorder": "DESC", "limit": 1})
        self.call("event.acknowledge", {"eventids": problem["eventid"], "action": 4 | 2, "message": text})

    def press_test(self) -> Mapping[str, Any]:
        """The *Test* button of our media type, as the front end asks the server for it."""
        kind = self.media_type()
        asked = {
            "request": "alert.send",
            "sid": self._session,
            "data": {
                "mediatypeid": kind["mediatypeid"],
                "parameters": {one["name"]: one["value"] for one in kind["parameters"]},
            },
        }
        text = json.dumps(asked).encode()
        with create_connection((HOST, self._port), timeout=30) as connection:
            connection.sendall(b"ZBXD\x01" + struct.pack("<II", len(text), 0) + text)
            with connection.makefile("rb") as answer:
                length, _ = struct.unpack("<II", answer.read(13)[5:])
                told: Mapping[str, Any] = json.loads(answer.read(length))
        return told


@contextmanager
def zabbix_running(owner_dsn: str, place: Path) -> Iterator[Zabbix]:
    """
    A Zabbix until the block ends, signed in, without any media type of ours.

    Args:
        owner_dsn: of a role that may create databases on a PostgreSQL server.
        place: folder for its settings, pages and logs.
    """
    with _database(owner_dsn) as base:
        port, pages_port = free_port(), free_port()
        server, pages = place / "server", place / "pages"
        server.mkdir()
        (server / "zabbix_server.conf").write_text(_SERVER.format(host=HOST, port=port, place=server, db=base))
        _copy_pages(pages, base)
        with (
            running(
                "zabbix_server",
                ["zabbix_server", "--foreground", "--config", server / "zabbix_server.conf"],
                place=server,
            ) as serving,
            running("zabbix_pages", ["php", "-q", "-S", f"{HOST}:{pages_port}", "-t", pages], place=server) as showing,
        ):
            zabbix = Zabbix(port, pages_port, (serving, showing))
            zabbix.sign_in()
            yield zabbix


def _copy_pages(pages: Path, base: _Base) -> None:
    """The front end with settings of its own: what finds its folder by its own path is copied, the rest linked."""
    pages.mkdir()
    for part in _FRONTEND.iterdir():
        if part.name in ("include", "conf", "local"):
            shutil.copytree(part, pages / part.name, ignore_dangling_symlinks=True)
        elif part.suffix == ".php":
            shutil.copy(part, pages)
        else:
            (pages / part.name).symlink_to(part)
    config = pages / "conf" / "zabbix.conf.php"
    reader = pages / _CONFIG_CLASS
    text = reader.read_text()
    assert _CONFIG_PATH in text, "Zabbix's front end reads its settings from another place now"
    reader.write_text(text.replace(_CONFIG_PATH, str(config)))
    values = {name: json.dumps(getattr(base, name)) for name in ("host", "port", "name", "user", "password")}
    config.write_text(_PAGES.format(**values))


@contextmanager
def _database(owner_dsn: str) -> Iterator[_Base]:
    """A fresh database with Zabbix's schema, dropped when the block ends."""
    name = f"aw_zabbix_{os.getpid()}"
    run_apart(_fill(owner_dsn, name))
    try:
        yield _base(owner_dsn, name)
    finally:
        run_apart(_execute(owner_dsn, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))


async def _fill(owner_dsn: str, name: str) -> None:
    await _execute(owner_dsn, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    await _execute(owner_dsn, f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'")
    own = urlunsplit(urlsplit(owner_dsn)._replace(path=f"/{name}"))
    for part in ("schema", "images", "data"):
        await _execute(own, gzip.decompress((_SCHEMA / f"{part}.sql.gz").read_bytes()).decode())


async def _execute(dsn: str, sql: str) -> None:
    connection = await asyncpg.connect(dsn, timeout=10)
    try:
        await connection.execute(sql)
    finally:
        await connection.close()


def _base(dsn: str, name: str) -> _Base:
    parts = urlsplit(dsn)
    asked = parse_qs(parts.query)  # a socket's folder stands in the query

    def named(key: str, plain: str) -> str:
        return asked.get(key, [plain])[0]

    return _Base(
        host=named("host", parts.hostname or HOST),
        port=named("port", str(parts.port or 5432)),
        name=name,
        user=unquote(parts.username or "postgres"),
        password=unquote(parts.password or ""),
    )
