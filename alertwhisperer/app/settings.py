"""
Settings: the only reader of the environment. One frozen, typed object, built once and handed on in parts.

What a company can set (limits, rules, integrations) is data in the database, not a setting.
"""

import ipaddress
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from alertwhisperer.domain.errors import Invalid

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1/128"))


def _setting(env: str, default: Any, meaning: str, read: Callable[[str], Any] = str, *, secret: bool = False) -> Any:
    metadata = {"env": env, "meaning": meaning, "read": read, "secret": secret}
    return field(default=default, repr=not secret, metadata=metadata)


def _whole(least: int, most: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        try:
            number = int(text)
        except ValueError as failure:
            raise Invalid(f"{text!r} is not a whole number") from failure
        if not least <= number <= most:
            raise Invalid(f"{number} is not between {least} and {most}")
        return number

    return read


def _yes(text: str) -> bool:
    words = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}
    if text.strip().lower() not in words:
        raise Invalid(f"{text!r} is neither true nor false")
    return words[text.strip().lower()]


def _one_of(*words: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text not in words:
            raise Invalid(f"{text!r} is none of {', '.join(words)}")
        return text

    return read


def _has_port(address: str) -> bool:
    host, _, port = address.strip().rpartition(":")
    return bool(host) and port.isdecimal()


def _pairs(text: str) -> tuple[tuple[str, str], ...]:
    pairs = [part.partition("=") for part in text.split(",") if part.strip()]
    if any(not host.strip() or not _has_port(address) for host, _, address in pairs):
        raise Invalid("write host=address:port, separated by commas")
    return tuple((host.strip(), address.strip()) for host, _, address in pairs)


def _addresses(text: str) -> tuple[str, ...]:
    addresses = tuple(part.strip() for part in text.split(",") if part.strip())
    if not all(":" in one for one in addresses) or len(set(addresses)) != len(addresses):
        raise Invalid("write addresses such as file:/srv/checkpoints, each once, separated by commas")
    return addresses


def _public_keys(text: str) -> tuple[str, ...]:
    keys = tuple(part.strip().lower() for part in text.split(",") if part.strip())
    if not all(re.fullmatch("[0-9a-f]{64}", one) for one in keys):
        raise Invalid("write keys of 64 hexadecimal digits, separated by commas")
    return keys


def _networks(text: str) -> tuple[Network, ...]:
    try:
        return tuple(ipaddress.ip_network(part.strip()) for part in text.split(",") if part.strip())
    except ValueError as failure:
        raise Invalid(f"{failure}: write networks such as 10.0.0.0/8, separated by commas") from failure


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that an installation sets; `docs/settings.md` shows the same list."""

    data_dir: Path = _setting(
        "ALERTWHISPERER_DATA_DIR", Path("data"), "Folder of the embedded database and its log.", Path
    )
    host: str = _setting("ALERTWHISPERER_HOST", "127.0.0.1", "Address that the server listens on.")
    port: int = _setting("ALERTWHISPERER_PORT", 8080, "Port that the server listens on.", _whole(1, 65535))
    public_url: str = _setting(
        "ALERTWHISPERER_PUBLIC_URL", "", "Address that tools and people reach the server by; empty: host and port."
    )
    trusted_proxies: tuple[Network, ...] = _setting(
        "ALERTWHISPERER_TRUSTED_PROXIES",
        (),
        "Networks of proxies before the server, such as 127.0.0.1/32: what they say of a client's address is believed.",
        _networks,
    )
    admin_email: str = _setting(
        "ALERTWHISPERER_ADMIN_EMAIL",
        "admin@alertwhisperer.local",
        "E-mail of the MSP admin that the first start makes; the start prints a password for one use.",
    )
    require_second_factor: str = _setting(
        "ALERTWHISPERER_REQUIRE_SECOND_FACTOR",
        "",
        "Who must set up a second factor: none, admins or all. Empty: admins, and nobody where the public address is "
        "of this machine alone.",
        _one_of("none", "admins", "all"),
    )
    session_idle_hours: int = _setting(
        "ALERTWHISPERER_SESSION_IDLE_HOURS", 12, "Hours after which an unused session ends.", _whole(1, 720)
    )
    session_days: int = _setting(
        "ALERTWHISPERER_SESSION_DAYS", 7, "Days after which every session ends, used or not.", _whole(1, 90)
    )
    password_memory_mib: int = _setting(
        "ALERTWHISPERER_PASSWORD_MEMORY_MIB",
        64,
        "Memory in MiB that one guess at a password costs (Argon2id); two are made at once. 64 is RFC 9106's choice "
        "for machines that do other work.",
        _whole(8, 2048),
    )
    password_passes: int = _setting(
        "ALERTWHISPERER_PASSWORD_PASSES",
        3,
        "Passes over that memory; a password is kept anew with the present cost when its owner signs in.",
        _whole(1, 20),
    )
    database_url: str = _setting(
        "DATABASE_URL", "", "PostgreSQL 15 or newer, as its owner; empty: the embedded server.", secret=True
    )
    database_app_url: str = _setting(
        "DATABASE_APP_URL",
        "",
        "The same database as the application's role; empty: the role that the migration makes.",
        secret=True,
    )
    secret_key: str = _setting(
        "ALERTWHISPERER_SECRET_KEY", "", "Master key that seals secrets; empty: the key file's.", secret=True
    )
    former_secret_keys: str = _setting(
        "ALERTWHISPERER_FORMER_SECRET_KEYS",
        "",
        "Master keys before that one, separated by commas, while `secrets rotate-master` has not run yet.",
        secret=True,
    )
    token: str = _setting(
        "ALERTWHISPERER_TOKEN",
        "",
        "Bearer token of the person in whose name commands act; empty: whoever types on the machine, who may do all.",
        secret=True,
    )
    key_file: Path | None = _setting(
        "ALERTWHISPERER_KEY_FILE", None, "File of the master key; empty: beside the data folder, `<data>.key`.", Path
    )
    audit_key: str = _setting(
        "ALERTWHISPERER_AUDIT_KEY",
        "",
        "Key that signs the audit log's checkpoints; empty: the key file's.",
        secret=True,
    )
    audit_key_file: Path | None = _setting(
        "ALERTWHISPERER_AUDIT_KEY_FILE",
        None,
        "File of that key; empty: beside the data folder, `<data>.audit.key`.",
        Path,
    )
    audit_former_keys: tuple[str, ...] = _setting(
        "ALERTWHISPERER_AUDIT_FORMER_KEYS",
        (),
        "Public halves, in hexadecimal and separated by commas, of keys that signed checkpoints before.",
        _public_keys,
    )
    lanes: int = _setting(
        "ALERTWHISPERER_LANES", 3, "Batches that are decided side by side in one process.", _whole(1, 16)
    )
    retention_days: int = _setting(
        "ALERTWHISPERER_RETENTION_DAYS",
        30,
        "Days that raw deliveries, occurrences and receipts are kept.",
        _whole(1, 3650),
    )
    report_retention_days: int = _setting(
        "ALERTWHISPERER_REPORT_RETENTION_DAYS",
        400,
        "Days that reports are kept with their files. 400: a year, and the report that compares with it.",
        _whole(1, 3650),
    )
    audit_witnesses: tuple[str, ...] = _setting(
        "ALERTWHISPERER_AUDIT_WITNESSES",
        (),
        "Where checkpoints of the audit log are kept outside the database, separated by commas: file:/path, "
        "https://host/path, s3://bucket/prefix, dynamodb://table; empty: the folder `<data>.checkpoints`.",
        _addresses,
    )
    audit_webhook_secret: str = _setting(
        "ALERTWHISPERER_AUDIT_WEBHOOK_SECRET", "", "Signs the checkpoints that go to https addresses.", secret=True
    )
    log_level: str = _setting(
        "ALERTWHISPERER_LOG_LEVEL",
        "info",
        "debug, info, warning or error.",
        _one_of("debug", "info", "warning", "error"),
    )
    outbound_networks: tuple[Network, ...] = _setting(
        "ALERTWHISPERER_OUTBOUND_NETWORKS",
        (),
        "Networks that feeds may call although they are private, and over http: 10.1.0.0/16,fd12::/32. Never loopback.",
        _networks,
    )
    environment: str = _setting(
        "ALERTWHISPERER_ENVIRONMENT",
        "production",
        "`test` permits the three settings below; production refuses them.",
        _one_of("production", "test"),
    )
    outbound_resolve: tuple[tuple[str, str], ...] = _setting(
        "ALERTWHISPERER_OUTBOUND_RESOLVE",
        (),
        "Tests only: host=address:port pairs that outside calls connect to instead, loopback allowed.",
        _pairs,
    )
    local_targets: tuple[Network, ...] = _setting(
        "ALERTWHISPERER_LOCAL_TARGETS",
        (),
        "Tests only: addresses of this machine (127.0.0.0/8) that may be targets, and with them its containers.",
        _networks,
    )
    outbound_ca_file: Path | None = _setting(
        "ALERTWHISPERER_OUTBOUND_CA_FILE",
        None,
        "Tests only: certificates that outside calls trust besides the usual.",
        Path,
    )

    @property
    def url(self) -> str:
        """Where the server is reached, without a slash at the end."""
        return (self.public_url or f"http://{self.host}:{self.port}").rstrip("/")

    @property
    def contact(self) -> str:
        """Whom somebody outside may ask about this installation: its https address, or its admin by mail."""
        return self.url if self.url.startswith("https://") else f"mailto:{self.admin_email}"

    @property
    def is_local(self) -> bool:
        """Whether people reach the server on its own machine alone."""
        host = urlsplit(self.url).hostname or ""
        return host == "localhost" or _is_loopback(host)

    @property
    def second_factor_for(self) -> str:
        """Who must set up a second factor: none, admins or all."""
        return self.require_second_factor or ("none" if self.is_local else "admins")

    @property
    def witness_addresses(self) -> tuple[str, ...]:
        """Where checkpoints of the audit log are kept; beside the data folder when nothing is set."""
        beside = self.data_dir.with_name(self.data_dir.name + ".checkpoints").absolute()
        return self.audit_witnesses or (f"file:{beside}",)

    @property
    def signing_key_file(self) -> Path:
        """Where the key of the audit log's checkpoints lies when it is not given."""
        return self.audit_key_file or self.data_dir.with_name(self.data_dir.name + ".audit.key")

    @property
    def master_key_file(self) -> Path:
        """Where the master key lies when it is not given."""
        return self.key_file or self.data_dir.with_name(self.data_dir.name + ".key")


@dataclass(frozen=True, slots=True)
class Described:
    """A setting as `alertwhisperer config` shows it; `value` is masked when it is secret."""

    env: str
    value: str
    default: str
    meaning: str
    is_set: bool


def load(environ: Mapping[str, str] | None = None, **given: Any) -> Settings:
    """
    Read the environment.

    Args:
        environ: in place of the process's own.
        given: values that win over the environment (a command's options); None means not given.

    Raises:
        Invalid: a value is not usable; names the variable and what is wrong.
    """
    environ = os.environ if environ is None else environ
    values: dict[str, Any] = {}
    for one in fields(Settings):
        text = environ.get(one.metadata["env"], "")
        if given.get(one.name) is not None:
            values[one.name] = given[one.name]
        elif text:
            try:
                values[one.name] = one.metadata["read"](text)
            except Invalid as failure:
                raise Invalid(failure.what, where=one.metadata["env"], mend=one.metadata["meaning"]) from failure
    settings = Settings(**values)
    if settings.environment == "production" and (settings.outbound_resolve or settings.outbound_ca_file):
        raise Invalid(
            "outside calls may be redirected in tests only",
            where="ALERTWHISPERER_OUTBOUND_RESOLVE",
            mend="unset it, and ALERTWHISPERER_OUTBOUND_CA_FILE",
        )
    if settings.environment == "production" and settings.local_targets:
        raise Invalid(
            "the server's own machine is a target in tests only",
            where="ALERTWHISPERER_LOCAL_TARGETS",
            mend="unset it: bind assets that are other machines",
        )
    if settings.environment == "production" and any(map(_holds_loopback, settings.outbound_networks)):
        raise Invalid(
            "the server's own machine may be called in tests only",
            where="ALERTWHISPERER_OUTBOUND_NETWORKS",
            mend="name the networks that your tools are in",
        )
    return settings


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _holds_loopback(network: Network) -> bool:
    return any(network.version == own.version and network.overlaps(own) for own in _LOOPBACK)


def describe(settings: Settings) -> list[Described]:
    """Every setting with its value, default and meaning, in their order."""
    defaults = Settings()
    told = []
    for one in fields(Settings):
        value, default = getattr(settings, one.name), getattr(defaults, one.name)
        shown = "***" if one.metadata["secret"] and value else _shown(value)
        told.append(Described(one.metadata["env"], shown, _shown(default), one.metadata["meaning"], value != default))
    return told


def _shown(value: Any) -> str:
    if isinstance(value, tuple):
        return ",".join("=".join(one) if isinstance(one, tuple) else str(one) for one in value)
    return "" if value is None else str(value)
