"""AWS of a company: the role that its client makes for us, and what can be seen of it from outside."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from alertwhisperer.domain.audit import AuditAction, Resource
from alertwhisperer.domain.company import Scope
from alertwhisperer.domain.errors import Invalid
from alertwhisperer.domain.reach import Credential
from alertwhisperer.executors._aws.check import Looked, look
from alertwhisperer.executors._aws.role import Format, Wanted, template
from alertwhisperer.executors._aws.session import Refused, Unanswered, who_we_are
from alertwhisperer.guard.companies import require_company
from alertwhisperer.guard.vault import Vault
from alertwhisperer.kit.clock import Clock
from alertwhisperer.remediate.credentials import external_id, find_credential, open_credential
from alertwhisperer.store import audit, reach
from alertwhisperer.store.database import Database

_ANY_REGION = "us-east-1"  # STS answers there for every account of the usual partition
_MOST = 500


@dataclass(frozen=True, slots=True)
class Printed:
    """A template, and what stands in it."""

    format: Format
    text: str
    principal: str
    external_id: str


@dataclass(frozen=True, slots=True)
class Link:
    """
    How a company's account lets us in.

    Attributes:
        external_id: empty before one was needed.
        roles: of each credential of `ssm`, newest first, with its ARN.
    """

    external_id: str
    roles: tuple[tuple[Credential, str], ...]


@dataclass(frozen=True, slots=True)
class Checked:
    """What was seen of one credential's role; `in_region` is where it was looked."""

    credential: Credential
    role_arn: str
    in_region: str
    looked: Looked


async def print_template(
    database: Database,
    scope: Scope,
    form: Format,
    *,
    clock: Clock,
    principal: str | None = None,
    output_bucket: str = "",
) -> Printed:
    """
    The role for the client to make, with the company's external ID, which is made when there is none yet.

    Args:
        principal: ARN of our own identity; None to ask AWS who we are.

    Raises:
        Invalid: nobody knows who we are at AWS, or a name cannot be used.
        NotFound: there is no such company.
    """
    async with database.unit_of_work(scope) as unit:
        await require_company(unit)
    ours = principal or await _ourselves(clock)
    async with database.unit_of_work(scope) as unit:
        own = await external_id(unit, now=clock.now())
    return Printed(form, template(Wanted(ours, own, output_bucket), form), ours, own)


async def get_link(database: Database, vault: Vault, scope: Scope) -> Link:
    """
    What is known of a company's account; AWS is not asked, and nothing is made.

    Raises:
        NotFound: there is no such company.
        Permanent: a credential cannot be opened.
    """
    async with database.unit_of_work(scope) as unit:
        await require_company(unit)
        kept = [one for one in await reach.credentials(unit, limit=_MOST) if one.executor == "ssm"]
        roles = [(one, (await open_credential(unit, vault, one.id))["role_arn"]) for one in kept]
        return Link(await reach.external_id(unit) or "", tuple(roles))


async def check_role(
    database: Database,
    vault: Vault,
    scope: Scope,
    credential: str,
    *,
    clock: Clock,
    region: str | None = None,
) -> Checked:
    """
    Look whether a credential's role is closed to everybody else and has every right; what was seen is kept.

    Args:
        credential: name or id of one of `ssm`.
        region: where to try; None for that of an asset bound with it.

    Raises:
        NotFound: the company has no such credential.
        Invalid: it is not of AWS, or no region is known.
    """
    async with database.unit_of_work(scope) as unit:
        kept = await find_credential(unit, credential)
        if kept.executor != "ssm":
            raise Invalid(f"{kept.name!r} is of {kept.executor}", where="credential", mend="name one of ssm")
        values = await open_credential(unit, vault, kept.id)
        bound = await reach.bindings(unit, executor="ssm", limit=_MOST)
    where = region or next((one.settings["region"] for one in bound if one.credential_id == kept.id), None)
    if where is None:
        raise Invalid("nothing is bound with it yet, so no region is known", where="region", mend="name one")
    looked = await look(
        clock,
        role_arn=values["role_arn"],
        external_id=values["external_id"],
        region=where,
        bucket=values.get("output_bucket", ""),
    )
    await _keep(database, scope, kept.id, looked, now=clock.now())
    return Checked(kept, values["role_arn"], where, looked)


async def _keep(database: Database, scope: Scope, credential_id: UUID, looked: Looked, *, now: datetime) -> None:
    async with database.unit_of_work(scope) as unit:
        await reach.set_proven(unit, credential_id, now if looked.is_closed else None)
        detail = {
            "closed": looked.is_closed,
            "wrong": [one.what for one in looked.findings if one.holds is False],
            "unseen": [one.what for one in looked.findings if one.holds is None],
        }
        resource = Resource("credential", str(credential_id))
        await audit.write(unit, AuditAction.CREDENTIAL_PROVEN, resource, detail, now=now)


async def _ourselves(clock: Clock) -> str:
    try:
        arn = await who_we_are(clock, _ANY_REGION)
    except (Refused, Unanswered) as failure:
        raise Invalid(
            f"it is not known who we are at AWS: {failure}",
            where="principal",
            mend="give the ARN of the identity that this server has",
        ) from failure
    return _role_of(arn)


def _role_of(arn: str) -> str:
    """The role of a session's ARN, which a trust policy names; its path is not known from here, and mostly there is
    none."""
    parts = arn.split(":")
    if parts[2] == "sts" and parts[5].startswith("assumed-role/"):
        return ":".join((*parts[:2], "iam", "", parts[4], f"role/{parts[5].split('/')[1]}"))
    return arn
