"""
The few messages of WS-Management that run one command in a remote shell: made as text, read as a tree.

Names and addresses are those of Microsoft's WS-Management protocol extensions (MS-WSMV).
"""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID
from xml.etree import ElementTree
from xml.sax.saxutils import escape, quoteattr

CONTENT_TYPE = "application/soap+xml;charset=UTF-8"

SOAP = "http://www.w3.org/2003/05/soap-envelope"
ADDRESSING = "http://schemas.xmlsoap.org/ws/2004/08/addressing"
WSMAN = "http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd"
SHELL = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell"
_TRANSFER = "http://schemas.xmlsoap.org/ws/2004/09/transfer"
_RESOURCE = f"{SHELL}/cmd"
_MOST_ENVELOPE = 512_000
_TIMED_OUT = "2150858793"
"""The fault that says that nothing was said in time; ask again."""


class Fault(Exception):
    """The other side says that it could not."""


class Quiet(Fault):
    """It has nothing to say yet."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What a command said since the last question; `code` is None while it runs."""

    stdout: bytes
    stderr: bytes
    code: int | None


def create(message: UUID, address: str) -> str:
    """Open a shell with standard input and both outputs."""
    streams = "<rsp:InputStreams>stdin</rsp:InputStreams><rsp:OutputStreams>stdout stderr</rsp:OutputStreams>"
    body = f"<rsp:Shell>{streams}</rsp:Shell>"
    return _message(
        message, address, f"{_TRANSFER}/Create", body, options={"WINRS_NOPROFILE": "TRUE", "WINRS_CODEPAGE": "65001"}
    )


def command(message: UUID, address: str, shell: str, program: str, arguments: str) -> str:
    """Begin a program in a shell, without a command line of its own between."""
    body = (
        f"<rsp:CommandLine><rsp:Command>{escape(program)}</rsp:Command>"
        f"<rsp:Arguments>{escape(arguments)}</rsp:Arguments></rsp:CommandLine>"
    )
    options = {"WINRS_CONSOLEMODE_STDIN": "FALSE", "WINRS_SKIP_CMD_SHELL": "TRUE"}
    return _message(message, address, f"{SHELL}/Command", body, shell=shell, options=options)


def send(message: UUID, address: str, shell: str, running: str, given: bytes, *, last: bool) -> str:
    """Hand bytes to its standard input."""
    end = ' End="true"' if last else ""
    body = (
        f'<rsp:Send><rsp:Stream Name="stdin" CommandId={quoteattr(running)}{end}>'
        f"{base64.b64encode(given).decode()}</rsp:Stream></rsp:Send>"
    )
    return _message(message, address, f"{SHELL}/Send", body, shell=shell)


def receive(message: UUID, address: str, shell: str, running: str) -> str:
    """Ask what it says."""
    wanted = f"<rsp:DesiredStream CommandId={quoteattr(running)}>stdout stderr</rsp:DesiredStream>"
    body = f"<rsp:Receive>{wanted}</rsp:Receive>"
    return _message(message, address, f"{SHELL}/Receive", body, shell=shell)


def delete(message: UUID, address: str, shell: str) -> str:
    """Close the shell and end what runs in it."""
    return _message(message, address, f"{_TRANSFER}/Delete", "", shell=shell)


def _message(
    message: UUID,
    address: str,
    action: str,
    body: str,
    *,
    shell: str = "",
    options: Mapping[str, str] | None = None,
) -> str:
    chosen = f'<w:SelectorSet><w:Selector Name="ShellId">{escape(shell)}</w:Selector></w:SelectorSet>' if shell else ""
    set_ = "".join(f'<w:Option Name="{name}">{value}</w:Option>' for name, value in (options or {}).items())
    return (
        f'<s:Envelope xmlns:s="{SOAP}" xmlns:a="{ADDRESSING}" xmlns:w="{WSMAN}" xmlns:rsp="{SHELL}"><s:Header>'
        f"<a:To>{escape(address)}</a:To>"
        f'<a:ReplyTo><a:Address s:mustUnderstand="true">{ADDRESSING}/role/anonymous</a:Address></a:ReplyTo>'
        f'<w:MaxEnvelopeSize s:mustUnderstand="true">{_MOST_ENVELOPE}</w:MaxEnvelopeSize>'
        f"<a:MessageID>uuid:{message}</a:MessageID>"
        '<w:Locale xml:lang="en-US" s:mustUnderstand="false"/>'
        "<w:OperationTimeout>PT15S</w:OperationTimeout>"
        f'<w:ResourceURI s:mustUnderstand="true">{_RESOURCE}</w:ResourceURI>'
        f'<a:Action s:mustUnderstand="true">{action}</a:Action>'
        f"{chosen}{f'<w:OptionSet>{set_}</w:OptionSet>' if set_ else ''}"
        f"</s:Header><s:Body>{body}</s:Body></s:Envelope>"
    )


def shell_of(answer: bytes) -> str:
    """The id of the shell that was opened; raises `Fault`."""
    for one in _tree(answer).iter(f"{{{WSMAN}}}Selector"):
        if one.get("Name") == "ShellId" and one.text:
            return one.text
    raise Fault("it opened no shell")


def command_of(answer: bytes) -> str:
    """The id of the command that was begun; raises `Fault`."""
    found = _tree(answer).findtext(f".//{{{SHELL}}}CommandId")
    if not found:
        raise Fault("it began no command")
    return found


def heard_of(answer: bytes) -> Heard:
    """What a command said; raises `Quiet` when nothing, `Fault` when it could not be asked."""
    tree = _tree(answer)
    said = {"stdout": b"", "stderr": b""}
    for stream in tree.iter(f"{{{SHELL}}}Stream"):
        name = stream.get("Name", "")
        if name in said and stream.text:
            said[name] += base64.b64decode(stream.text)
    state = tree.find(f".//{{{SHELL}}}CommandState")
    code = None
    if state is not None and state.get("State", "").endswith("/Done"):
        code = int(state.findtext(f"{{{SHELL}}}ExitCode") or 0)
    return Heard(said["stdout"], said["stderr"], code)


def refuse_fault(answer: bytes) -> None:
    """Raises `Fault` when the answer is one."""
    _tree(answer)


def _tree(answer: bytes) -> ElementTree.Element:
    if b"<!DOCTYPE" in answer or b"<!ENTITY" in answer:
        raise Fault("it answers with what SOAP does not allow")  # nothing of an answer is ever expanded
    try:
        tree = ElementTree.fromstring(answer)  # noqa: S314  # without a document type there is nothing to expand
    except ElementTree.ParseError as failure:
        raise Fault("it answers with what is no XML") from failure
    fault = tree.find(f".//{{{SOAP}}}Fault")
    if fault is None:
        return tree
    if _TIMED_OUT in ElementTree.tostring(fault, encoding="unicode"):
        raise Quiet("nothing was said")
    text = "".join(fault.find(f".//{{{SOAP}}}Text").itertext()) if fault.find(f".//{{{SOAP}}}Text") is not None else ""  # type: ignore[union-attr]  # looked at in the same line
    raise Fault(text.strip()[:300] or "it gives no reason")
