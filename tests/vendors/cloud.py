"""
STS, Systems Manager and S3 on loopback, as far as the executor speaks with them, played by us.

moto accepts a wrong external ID and answers Success to every command, so it cannot show what must be seen. What comes
in and what goes out is checked against the models of AWS's own library, so that our server can be wrong about
behaviour but not about form. Instances are processes of this machine: what `AWS-RunShellScript` is given is really run
by a shell.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4
from xml.sax.saxutils import escape

import botocore.session
from botocore.model import ServiceModel
from botocore.validate import ParamValidator

from alertwhisperer.executors import _carry

ACCOUNT = "123456789012"
REGION = "eu-central-1"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/alertwhisperer"
_SESSION = botocore.session.get_session()
_MODELS: Mapping[str, ServiceModel] = {name: _SESSION.get_service_model(name) for name in ("sts", "ssm")}
_INLINE = 24_000
_HASHES = {
    "AWS-RunShellScript": "99749de5e62f71e5ebe9a55c2321e2c394796afe7208cff048696541e6f6771e",
    "AWS-RunPowerShellScript": "2142e42a19e0955cc09e43600bf2e633df1917b69d2be9693737dfd62e0fdf61",
}


class Fault(Exception):
    """An answer that is an error; `status` 0 breaks the connection without one."""

    def __init__(self, code: str, status: int = 400, said: str = "") -> None:
        super().__init__(code)
        self.code, self.status, self.said = code, status, said or code


@dataclass
class Asked:
    """One request, as it came."""

    service: str
    operation: str
    given: Mapping[str, Any]
    key: str


@dataclass
class Invocation:
    """A command on its way on one instance."""

    command_id: str
    instance: str
    comment: str
    document: str
    given: Mapping[str, Any]
    at: datetime
    process: subprocess.Popen[bytes] | None = None
    status: str = "Pending"
    detail: str = "Pending"
    code: int = -1
    out: Path | None = None
    wants_cancel: bool = False
    looks: int = 0
    ended: str = ""


@dataclass
class Cloud:
    """
    The running services.

    Attributes:
        external_id: that the role demands; None: a role that forgot to.
        asked: every request, in order.
        denied: operations that the role may not do.
        faults: what the next requests of an operation meet instead of an answer; one each.
        after: like it, but the operation has its effect before.
        script: what a command's status is at each look, instead of running it: (status, details, exit code).
        patches: what DescribeInstancePatchStates says, by instance.
        offline: instances whose agent is lost; the commands wait for it.
    """

    url: str = ""
    external_id: str | None = "aw-right"
    instances: dict[str, dict[str, str]] = field(default_factory=lambda: {"i-0123456789abcdef0": {}})
    asked: list[Asked] = field(default_factory=list)
    denied: set[str] = field(default_factory=set)
    faults: dict[str, deque[Fault]] = field(default_factory=dict)
    after: dict[str, deque[Fault]] = field(default_factory=dict)
    script: deque[tuple[str, str, int]] = field(default_factory=deque)
    patches: dict[str, dict[str, Any]] = field(default_factory=dict)
    objects: dict[str, bytes] = field(default_factory=dict)
    commands: dict[str, Invocation] = field(default_factory=dict)
    sessions: dict[str, str] = field(default_factory=dict)
    unknown_looks: int = 0
    environ: Mapping[str, str] = field(default_factory=dict)
    lock: threading.RLock = field(default_factory=threading.RLock)
    wrong: list[str] = field(default_factory=list)
    page: int = 50

    def of(self, operation: str) -> list[Asked]:
        """The requests of one operation."""
        return [one for one in self.asked if one.operation == operation]

    # -------------------------------------------------------------------------------------------- sts

    def assume_role(self, given: Mapping[str, Any], _key: str) -> Mapping[str, Any]:
        """Only with the external ID that the role's trust demands."""
        if given["RoleArn"] != ROLE or (self.external_id is not None and given.get("ExternalId") != self.external_id):
            raise Fault(
                "AccessDenied", 403, f"not authorized to perform: sts:AssumeRole on resource: {given['RoleArn']}"
            )
        key = f"ASIA{uuid4().hex[:16].upper()}"
        with self.lock:
            self.sessions[key] = given["RoleSessionName"]
        return {
            "Credentials": {
                "AccessKeyId": key,
                "SecretAccessKey": "secret",
                "SessionToken": "token",
                "Expiration": datetime(2099, 1, 1, tzinfo=UTC),
            },
            "AssumedRoleUser": {
                "AssumedRoleId": f"AROAEXAMPLE:{given['RoleSessionName']}",
                "Arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/alertwhisperer/{given['RoleSessionName']}",
            },
        }

    def get_caller_identity(self, _given: Mapping[str, Any], _key: str) -> Mapping[str, Any]:
        """Who we are ourselves."""
        arn = "arn:aws:sts::999988887777:assumed-role/alertwhisperer-server/i-0"
        return {"UserId": "AROAEXAMPLE:i-0", "Account": "999988887777", "Arn": arn}

    # -------------------------------------------------------------------------------------------- ssm

    def describe_instance_information(self, given: Mapping[str, Any], _key: str) -> Mapping[str, Any]:
        """The managed instances, by id or tag."""
        found = dict(self.instances)
        for one in given.get("Filters", ()):
            if one["Key"] == "InstanceIds":
                found = {name: tags for name, tags in found.items() if name in one["Values"]}
            else:
                tag = one["Key"].removeprefix("tag:")
                found = {name: tags for name, tags in found.items() if tags.get(tag) in one["Values"]}
        return {
            "InstanceInformationList": [
                {"InstanceId": name, "PingStatus": tags.get(":ping", "Online"), "PlatformType": "Linux"}
                for name, tags in found.items()
            ]
        }

    def send_command(self, given: Mapping[str, Any], _key: str) -> Mapping[str, Any]:
        """Take a command, and let it run."""
        instance = given["InstanceIds"][0]
        if instance not in self.instances:
            raise Fault("InvalidInstanceId")
        if given.get("DocumentHash") != _HASHES.get(given["DocumentName"]) or given.get("DocumentVersion") != "1":
            raise Fault("InvalidDocument", said="the hash is not the document's")
        if sum(len(one) for one in given["Parameters"]["commands"]) > 65_536:
            raise Fault("MaxDocumentSizeExceeded")
        made = Invocation(
            str(uuid4()),
            instance,
            given["Comment"],
            given["DocumentName"],
            given,
            datetime.now(UTC).replace(microsecond=0),
        )
        with self.lock:
            self.commands[made.command_id] = made
            played = bool(self.script)
        if not played:
            threading.Thread(target=self._run, args=(made,), daemon=True).start()
        return {"Command": {"CommandId": made.command_id, "Status": "Pending", "Comment": made.comment}}

    def _run(self, made: Invocation) -> None:
        """What the agent does: a file of the commands, a shell, an end at its time."""
        place = Path(tempfile.mkdtemp(prefix="aw-agent-"))
        commands = made.given["Parameters"]["commands"]
        if made.document == "AWS-RunPowerShellScript":
            commands = _played(commands)
        (place / "_script.sh").write_text("\n".join(commands) + "\n")
        with (place / "stdout").open("wb") as out, (place / "stderr").open("wb") as err:
            made.process = subprocess.Popen(
                ["sh", place / "_script.sh"],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                start_new_session=True,
                env={**os.environ, "HOME": str(place)},
            )
        made.status = made.detail = "InProgress"
        made.out = place
        limit = time.monotonic() + int(made.given["Parameters"]["executionTimeout"][0])
        while made.process.poll() is None:
            asked = self.commands[made.command_id].wants_cancel
            if asked or time.monotonic() > limit:
                with suppress(ProcessLookupError):
                    os.killpg(made.process.pid, signal.SIGKILL)
                made.process.wait()
                self._keep_output(made)
                ended = ("Cancelled", "Cancelled") if asked else ("TimedOut", "ExecutionTimedOut")
                made.status, made.detail = ended
                return
            time.sleep(0.02)
        self._keep_output(made)
        made.code = made.process.returncode
        made.status = made.detail = "Success" if made.code == 0 else "Failed"

    def _keep_output(self, made: Invocation) -> None:
        made.ended = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%f}"[:-3] + "Z"
        if "OutputS3BucketName" not in made.given or made.out is None:
            return
        plugin = "awsrunShellScript"
        prefix = f"{made.given['OutputS3KeyPrefix']}/{made.command_id}/{made.instance}/{plugin}/0.{plugin}"
        for name in ("stdout", "stderr"):
            said = (made.out / name).read_bytes()
            if said:
                self.objects[f"/{made.given['OutputS3BucketName']}/{prefix}/{name}"] = said

    def get_command_invocation(self, given: Mapping[str, Any], _key: str) -> Mapping[str, Any]:
        """How a command stands; output as far as an answer holds it."""
        made = self.commands.get(given["CommandId"])
        if made is None or made.instance != given["InstanceId"]:
            raise Fault("InvocationDoesNotExist")
        made.looks += 1
        if made.looks <= self.unknown_looks:
            raise Fault("InvocationDoesNotExist")
        with self.lock:
            if self.script and made.process is None:
                made.status, made.detail, made.code = self.script[0]
                if len(self.script) > 1:
                    self.script.popleft()
        shown = {"stdout": "", "stderr": ""}
        if made.out is not None and made.status not in ("Pending", "InProgress"):
            shown = {name: (made.out / name).read_bytes().decode("utf-8", "replace") for name in shown}
        return {
            "CommandId": made.command_id,
            "InstanceId": made.instance,
            "Comment": made.comment,
            "DocumentName": made.document,
            "Status": made.status,
            "StatusDetails": made.detail,
            "ResponseCode": made.code,
            "ExecutionStartDateTime": "" if made.out is None else f"{made.at:%Y-%m-%dT%H:%M:%S.%f}"[:-3] + "Z",
            "ExecutionEndDateTime": made.ended,
            "StandardOutputContent": shown["stdout"][:_INLINE],
            "StandardErrorContent": shown["stderr"][:_INLINE],
        }

    def list_commands(self, given: Mapping[str, Any], _key: str) -> Mapping[str, Any]:
        """Commands of an instance, the newest first, by pages."""
        found = [one for one in reversed(self.commands.values()) if one.instance == given.get("InstanceId")]
        for one in given.get("Filters", ()):
            if one["key"] == "InvokedAfter":
                since = datetime.fromisoformat(one["value"])
                found = [made for made in found if made.at >= since]
        start = int(given.get("NextToken", "0"))
        answer: dict[str, Any] = {
            "Commands": [
                {"CommandId": one.command_id, "Comment": one.comment, "Status": one.status, "RequestedDateTime": one.at}
                for one in found[start : start + self.page]
            ]
        }
        if start + self.page < len(found):
            answer["NextToken"] = str(start + self.page)
        return answer

    def cancel_command(self, given: Mapping[str, Any], _key: str) -> Mapping[str, Any]:
        """The agent is told."""
        made = self.commands.get(given["CommandId"])
        if made is None:
            raise Fault("InvalidCommandId")
        made.wants_cancel = True
        return {}

    def describe_instance_patch_states(self, given: Mapping[str, Any], _key: str) -> Mapping[str, Any]:
        """What patches are missing, where it was ever looked."""
        return {"InstancePatchStates": [self.patches[one] for one in given["InstanceIds"] if one in self.patches]}


def _played(commands: Sequence[str]) -> list[str]:
    """There is no PowerShell here: a shell reads the same two variables, and `_carry.ps1` is not run."""
    folder, envelope, text = commands
    assert text == _carry.POWERSHELL_TEXT.decode()
    variables = [one.lstrip("$").replace(" = ", "=") for one in (folder, envelope)]
    return [*variables, f'printf \'%s\\n\' "$folder" "$envelope" | {_carry.PLAIN_COMMAND}']


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    cloud: Cloud

    def log_message(self, *_: object) -> None:
        """Nothing on the terminal."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        target = self.headers.get("X-Amz-Target")
        if target is None:
            fields = {name: values[0] for name, values in parse_qs(body.decode()).items()}
            operation = fields.pop("Action")
            fields.pop("Version")
            given: dict[str, Any] = {
                name: int(value) if name == "DurationSeconds" else value for name, value in fields.items()
            }
            self._answer("sts", operation, given)
        else:
            self._answer("ssm", target.partition(".")[2], json.loads(body))

    def do_GET(self) -> None:
        self._answer("s3", "ListObjectsV2" if "list-type=2" in self.path else "GetObject", {"path": self.path})

    def _answer(self, service: str, operation: str, given: Mapping[str, Any]) -> None:
        cloud = self.cloud
        key = self.headers.get("Authorization", "").partition("Credential=")[2].partition("/")[0]
        with cloud.lock:
            cloud.asked.append(Asked(service, operation, given, key))
            waiting, later = cloud.faults.get(operation), cloud.after.get(operation)
            fault = waiting.popleft() if waiting else None
            afterwards = later.popleft() if later else None
        try:
            if fault is not None:
                raise fault
            if operation in cloud.denied:
                raise Fault(
                    "AccessDeniedException" if service == "ssm" else "AccessDenied", 400 if service == "ssm" else 403
                )
            if service != "sts" and key not in cloud.sessions:
                raise Fault("UnrecognizedClientException", 403)
            if service == "s3":
                content = self._object(operation, urlsplit(self.path).path, parse_qs(urlsplit(self.path).query))
            else:
                content = self._modelled(service, operation, given, key)
            if afterwards is not None:
                raise afterwards
        except Fault as met:
            self._refuse(service, met)
            return
        self._send(200, content, "text/xml" if service == "sts" else "application/x-amz-json-1.1")

    def _modelled(self, service: str, operation: str, given: Mapping[str, Any], key: str) -> bytes:
        """Both sides as AWS's own library describes them, or it is noted as wrong."""
        model = _MODELS[service].operation_model(operation)
        self._hold(given, model.input_shape, f"{operation} asked")
        name = "".join(f"_{one.lower()}" if one.isupper() else one for one in operation).lstrip("_")
        method: Callable[[Mapping[str, Any], str], Mapping[str, Any]] = getattr(self.cloud, name)
        answer = method(given, key)
        self._hold(answer, model.output_shape, f"{operation} answered")
        if service == "ssm":
            return json.dumps(answer, default=lambda moment: moment.timestamp()).encode()
        inner = _xml(answer)
        return f"<{operation}Response><{operation}Result>{inner}</{operation}Result></{operation}Response>".encode()

    def _hold(self, said: Mapping[str, Any], shape: Any, where: str) -> None:
        if shape is None:
            return
        report = ParamValidator().validate(said, shape)
        if report.has_errors():
            self.cloud.wrong.append(f"{where}: {report.generate_report()}")
        unknown = set(said) - set(shape.members)
        if unknown:
            self.cloud.wrong.append(f"{where}: unknown {sorted(unknown)}")

    def _object(self, operation: str, path: str, query: Mapping[str, list[str]]) -> bytes:
        if operation == "GetObject":
            found = self.cloud.objects.get(path)
            if found is None:
                raise Fault("NoSuchKey", 404)
            wanted = self.headers.get("Range")
            return found if wanted is None else found[: int(wanted.rpartition("-")[2]) + 1]
        bucket, prefix = path.rstrip("/"), query.get("prefix", [""])[0]
        keys = [one.removeprefix(f"{bucket}/") for one in self.cloud.objects if one.startswith(f"{bucket}/{prefix}")]
        listed = "".join(f"<Contents><Key>{escape(one)}</Key></Contents>" for one in sorted(keys))
        return f"<ListBucketResult><IsTruncated>false</IsTruncated>{listed}</ListBucketResult>".encode()

    def _refuse(self, service: str, met: Fault) -> None:
        if met.status == 0:
            self.close_connection = True
            return
        if service == "ssm":
            body = json.dumps({"__type": met.code, "message": met.said}).encode()
        elif service == "s3":
            body = f"<Error><Code>{met.code}</Code><Message>{escape(met.said)}</Message></Error>".encode()
        else:
            inner = f"<Error><Type>Sender</Type><Code>{met.code}</Code><Message>{escape(met.said)}</Message></Error>"
            body = f"<ErrorResponse>{inner}</ErrorResponse>".encode()
        self._send(met.status, body, "application/x-amz-json-1.1" if service == "ssm" else "text/xml")

    def _send(self, status: int, body: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Date", formatdate(usegmt=True))
        self.end_headers()
        self.wfile.write(body)


def _xml(said: Mapping[str, Any]) -> str:
    parts = []
    for name, value in said.items():
        text = _xml(value) if isinstance(value, Mapping) else escape(_plain(value))
        parts.append(f"<{name}>{text}</{name}>")
    return "".join(parts)


def _plain(value: object) -> str:
    return value.strftime("%Y-%m-%dT%H:%M:%SZ") if isinstance(value, datetime) else str(value)


@contextmanager
def cloud() -> Iterator[Cloud]:
    """Run them until the block ends; this process finds them the way AWS's own tools find a service."""
    made = Cloud()
    handler = type("Handler", (_Handler,), {"cloud": made})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    made.url = f"http://127.0.0.1:{server.server_address[1]}"
    made.environ = {
        "AWS_ENDPOINT_URL": made.url,
        "AWS_ACCESS_KEY_ID": "AKIAOURSERVER",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    before = {name: os.environ.get(name) for name in made.environ}
    os.environ.update(made.environ)
    try:
        yield made
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        server.shutdown()
        thread.join()
        server.server_close()
        assert made.wrong == [], "what AWS's own models do not allow"
