"""`alertwhisperer identity`: identity providers, by which people sign in, and their directories."""

import json
import shlex
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import typer

from alertwhisperer.api.html.identity import path_of
from alertwhisperer.api.scim import PREFIX
from alertwhisperer.app.build import House
from alertwhisperer.app.identity import issuers_of
from alertwhisperer.cli import output
from alertwhisperer.cli.acting import acts, by
from alertwhisperer.cli.find import find_company, find_group
from alertwhisperer.cli.groups import group
from alertwhisperer.cli.house import AsJson, DataDir, Limit, in_house
from alertwhisperer.domain.errors import Invalid
from alertwhisperer.domain.identity import ClientAuth, Identity, Kind, On, Provider
from alertwhisperer.domain.user import User
from alertwhisperer.guard import people
from alertwhisperer.guard.identity import linking, local_passwords, providers
from alertwhisperer.guard.identity.providers import NewProvider, ProviderChange, Tried
from alertwhisperer.guard.permissions import Action

app = group("Identity providers: how people sign in by Entra ID, Google, Okta, Keycloak and others.")

_Slug = Annotated[str, typer.Argument(metavar="SLUG", help="The provider's short name, such as okta.")]
_Email = Annotated[str, typer.Argument(metavar="EMAIL", help="The person's e-mail.")]
_Rules = Annotated[
    list[str] | None,
    typer.Option(
        "--rule",
        metavar="TEXT",
        help="Who gets what: \"group='NOC team' role=technician company=ID company-group=NAME\"; group, domain or "
        "person; company and company-group repeatable. Repeatable; they take the place of the rules before.",
    ),
]
_Settings = Annotated[
    list[str] | None,
    typer.Option("--setting", metavar="NAME=VALUE", help="A setting; VALUE is JSON or a text. Repeatable."),
]
_File = Annotated[
    Path | None, typer.Option("--settings-file", metavar="FILE.json", help="Settings as one JSON object.")
]
_SecretFile = Annotated[
    Path | None,
    typer.Option("--secret-file", metavar="FILE", help="File with the client's secret; - is standard input."),
]
_Auth = Annotated[ClientAuth | None, typer.Option("--client-auth", help="How we show that we are the client.")]


@dataclass(frozen=True, slots=True)
class _Told:
    """What is said of a provider: itself, and what to register there."""

    provider: Provider
    url: str

    def fields(self) -> dict[str, Any]:
        return {
            "id": self.provider.id,
            **providers.shown(self.provider),
            "version": self.provider.version,
            "redirect_uri": f"{self.url}{path_of(self.provider.slug)}/callback",
            "logout_uri": f"{self.url}{path_of(self.provider.slug)}/logout",
            "directory_url": f"{self.url}{PREFIX}",
            "has_directory_token": self.provider.scim_hash is not None,
        }


@app.command(epilog="Example: alertwhisperer identity add okta --kind okta --issuer https://example.okta.com …")
@acts(Action.IDENTITY_PROVIDER_SET)
def add(
    slug: _Slug,
    issuer: Annotated[str, typer.Option("--issuer", help="Its name for itself, exactly as its document says it.")],
    client_id: Annotated[str, typer.Option("--client-id", help="What it calls us.")],
    kind: Annotated[
        Kind, typer.Option("--kind", help="Whose it is; chooses what the settings begin with.")
    ] = Kind.OTHER,
    title: Annotated[str | None, typer.Option("--title", help="On the button; the slug when absent.")] = None,
    client_auth: _Auth = None,
    secret_file: _SecretFile = None,
    rule: _Rules = None,
    setting: _Settings = None,
    settings_file: _File = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Add a provider. Whom no rule gives a role does not get in, so it lets in nobody without a rule."""
    given, secret = _settings(setting, settings_file), _secret(secret_file)
    auth = client_auth or (ClientAuth.BASIC if secret else ClientAuth.NONE)

    async def work(house: House) -> _Told:
        settings = {**given, **await _with_rules(house, rule)}
        new = NewProvider(slug, title or slug, kind, issuer, client_id, auth, secret, settings)
        made = await providers.add_provider(house.database, house.vault, by(), new, now=house.clock.now())
        return _Told(made, house.settings.url)

    _tell(in_house(work, data_dir), as_json)


@app.command("list", epilog="Example: alertwhisperer identity list")
@acts(Action.IDENTITY_PROVIDER_READ)
def list_(data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """List the providers."""

    async def work(house: House) -> list[_Told]:
        return [_Told(one, house.settings.url) for one in await providers.list_providers(house.database)]

    found = in_house(work, data_dir)
    if as_json:
        output.show_list([one.fields() for one in found])
        return
    output.show_table(
        ("slug", "title", "kind", "issuer", "on", "rules", "local passwords", "directory"),
        (
            (
                one.provider.slug,
                one.provider.title,
                one.provider.kind,
                one.provider.issuer,
                "yes" if one.provider.is_on else "no",
                len(one.provider.settings.rules),
                "yes" if one.provider.settings.local_passwords else "no",
                "yes" if one.provider.scim_hash is not None else "no",
            )
            for one in found
        ),
        empty="No provider yet: people sign in by passwords. docs/sign-in.md says how to add one.",
    )


@app.command(epilog="Example: alertwhisperer identity show okta")
@acts(Action.IDENTITY_PROVIDER_READ)
def show(slug: _Slug, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Show a provider, and what to register there."""

    async def work(house: House) -> _Told:
        return _Told(await providers.get_provider(house.database, slug), house.settings.url)

    _tell(in_house(work, data_dir), as_json)


@app.command("set", epilog='Example: alertwhisperer identity set okta --rule "group=Everyone role=reader company=ID"')
@acts(Action.IDENTITY_PROVIDER_SET)
def set_(
    slug: _Slug,
    title: Annotated[str | None, typer.Option("--title", help="On the button.")] = None,
    client_id: Annotated[str | None, typer.Option("--client-id", help="What it calls us.")] = None,
    client_auth: _Auth = None,
    secret_file: _SecretFile = None,
    is_on: Annotated[bool | None, typer.Option("--on/--off", help="Whether people may sign in by it.")] = None,
    local_passwords: Annotated[
        bool | None,
        typer.Option(
            "--local-passwords/--no-local-passwords", help="Whether its people may use passwords of ours too."
        ),
    ] = None,
    rule: _Rules = None,
    setting: _Settings = None,
    settings_file: _File = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Change a provider; what is not given stays. People feel it at their next sign-in."""
    given = _settings(setting, settings_file)
    if local_passwords is not None:
        given["local_passwords"] = local_passwords
    secret = None if secret_file is None else _secret(secret_file)

    async def work(house: House) -> _Told:
        settings = {**given, **await _with_rules(house, rule)}
        change = ProviderChange(title, client_id, client_auth, secret, is_on, settings)
        changed = await providers.change_provider(
            house.database, house.vault, by(), slug, change, now=house.clock.now()
        )
        return _Told(changed, house.settings.url)

    _tell(in_house(work, data_dir), as_json)


@app.command(epilog="Example: alertwhisperer identity remove okta --yes")
@acts(Action.IDENTITY_PROVIDER_SET)
def remove(
    slug: _Slug,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Remove a provider: sessions that it opened end, and its people need another way to sign in."""
    if not yes:
        typer.confirm(f"Remove {slug}? Its people are signed out and can sign in by it no more.", abort=True, err=True)

    async def work(house: House) -> int:
        return await providers.remove_provider(house.database, by(), slug, now=house.clock.now())

    unlinked = in_house(work, data_dir)
    if as_json:
        output.show_json({"unlinked": unlinked})
        return
    output.say(f"Removed. {unlinked} people were linked by it.")


@app.command("test", epilog="Example: alertwhisperer identity test okta")
@acts(Action.IDENTITY_PROVIDER_TRY)
def try_(slug: _Slug, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Ask a provider what it publishes, as a sign-in would."""

    async def work(house: House) -> Tried:
        return await providers.try_provider(house.database, issuers_of(house), slug)

    tried = in_house(work, data_dir)
    shown = {
        "issuer": tried.metadata.issuer,
        "authorization_endpoint": tried.metadata.authorization,
        "token_endpoint": tried.metadata.token,
        "keys": tried.keys,
    }
    if as_json:
        output.show_json(shown)
        return
    output.show_fields(shown)
    output.say("", "It can be asked. Whether it lets you in is seen by signing in.")


@app.command("people", epilog="Example: alertwhisperer identity people okta")
@acts(Action.IDENTITY_READ)
def people_(slug: _Slug, limit: Limit = 100, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """List who is linked by a provider, newest first."""

    async def work(house: House) -> tuple[Identity, ...]:
        return await linking.list_people(house.database, slug, limit=limit)

    found = in_house(work, data_dir)
    if as_json:
        output.show_list(found)
        return
    output.show_table(
        ("user_id", "subject", "email", "groups", "linked", "seen"),
        ((one.user_id, one.subject, one.email, sorted(one.groups), one.linked_at, one.seen_at) for one in found),
        empty="Nobody yet: people are linked when they first sign in by it.",
    )


@app.command(epilog="Example: alertwhisperer identity link kim@example.org okta --subject 00u1b2c3")
@acts(Action.IDENTITY_LINK)
def link(
    email: _Email,
    slug: _Slug,
    subject: Annotated[str, typer.Option("--subject", help="`sub` there; for Entra <tenant id>/<object id>.")],
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Link a person to an account at a provider: whoever has it then signs in as that person."""

    async def work(house: House) -> Identity:
        return await linking.link_user(house.database, by(), email, slug, subject, now=house.clock.now())

    linked = in_house(work, data_dir)
    if as_json:
        output.show_json(linked)
        return
    output.say(f"{email} is {linked.subject} of {slug} from now on.")


@app.command(epilog="Example: alertwhisperer identity unlink kim@example.org okta")
@acts(Action.IDENTITY_LINK)
def unlink(email: _Email, slug: _Slug, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Take a link away; sessions that the provider opened for the person end."""

    async def work(house: House) -> None:
        await linking.unlink_user(house.database, by(), email, slug, now=house.clock.now())

    in_house(work, data_dir)
    if as_json:
        output.show_json({"unlinked": email})
        return
    output.say(f"{email} is not linked by {slug} any more.")


@app.command("links", epilog="Example: alertwhisperer identity links kim@example.org")
@acts(Action.IDENTITY_READ)
def links(email: _Email, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Show who a person is at identity providers."""

    async def work(house: House) -> tuple[tuple[Provider, Identity], ...]:
        user = await people.get_user(house.database, email)
        return await linking.list_links(house.database, user.id)

    found = in_house(work, data_dir)
    if as_json:
        output.show_list([{"provider": provider.slug, **_plain(identity)} for provider, identity in found])
        return
    output.show_table(
        ("provider", "subject", "email", "groups", "linked", "seen"),
        (
            (provider.slug, one.subject, one.email, sorted(one.groups), one.linked_at, one.seen_at)
            for provider, one in found
        ),
        empty="Not linked by any provider.",
    )


@app.command("directory-token", epilog="Example: alertwhisperer identity directory-token okta --json")
@acts(Action.DIRECTORY_TOKEN_SET)
def directory_token(
    slug: _Slug,
    end: Annotated[bool, typer.Option("--end", help="End the token instead.")] = False,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Make a token by which the provider's directory writes here (SCIM), shown this once; or end it."""

    async def work(house: House) -> tuple[str, str]:
        now, url = house.clock.now(), f"{house.settings.url}{PREFIX}"
        if end:
            await providers.end_directory_token(house.database, by(), slug, now=now)
            return "", url
        return await providers.make_directory_token(house.database, house.vault, by(), slug, now=now), url

    token, url = in_house(work, data_dir)
    if as_json:
        output.show_json({"token": token or None, "directory_url": url})
        return
    if not token:
        output.say("Ended: the directory is refused from now on.")
        return
    output.say("The token is shown this once; an older one is ended.", "")
    output.show_fields({"directory_url": url, "token": token})


@app.command("break-glass", epilog="Example: alertwhisperer identity break-glass kim@example.org")
@acts(Action.BREAK_GLASS_SET)
def break_glass(
    email: Annotated[
        str | None, typer.Argument(metavar="[EMAIL]", help="Who it shall be; absent: show who it is.")
    ] = None,
    nobody: Annotated[bool, typer.Option("--nobody", help="Name nobody any more.")] = False,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Name the one MSP admin whose password always works, for the day on which the provider does not."""

    async def work(house: House) -> User | None:
        if email is None and not nobody:
            return await local_passwords.get_break_glass(house.database)
        return await local_passwords.set_break_glass(house.database, by(), email, now=house.clock.now())

    user = in_house(work, data_dir)
    if as_json:
        output.show_json({"email": None if user is None else user.email})
        return
    output.say("Nobody is named." if user is None else f"The password of {user.email} always works.")


async def _with_rules(house: House, texts: list[str] | None) -> dict[str, Any]:
    """The rules that were typed, as the settings hold them; nothing when none was."""
    return {} if texts is None else {"rules": [await _rule(house, text) for text in texts]}


async def _rule(house: House, text: str) -> dict[str, Any]:
    """
    One rule that was typed.

    Raises:
        Invalid: it cannot be read; says how to write it.
    """
    try:
        pairs = [word.partition("=") for word in shlex.split(text)]
    except ValueError as failure:
        raise _bad_rule(text) from failure
    found: dict[str, Any] = {"companies": [], "company_groups": []}
    for name, sign, value in pairs:
        if not sign or not value:
            raise _bad_rule(text)
        if name in set(On) and "on" not in found:
            found |= {"on": name, "value": value}
        elif name == "role" and "role" not in found:
            found["role"] = value
        elif name == "company":
            found["companies"].append(str(await find_company(house, value)))
        elif name == "company-group":
            found["company_groups"].append(str(await _group_id(house, value)))
        else:
            raise _bad_rule(text)
    if "on" not in found:
        raise _bad_rule(text)
    return found


async def _group_id(house: House, text: str) -> UUID:
    return (await find_group(house, text)).id


def _bad_rule(text: str) -> Invalid:
    return Invalid(
        f"{text!r} is no rule",
        where="--rule",
        mend="write group=NAME, domain=NAME or person=EMAIL, then role=…, company=ID, company-group=NAME",
    )


def _settings(pairs: list[str] | None, file: Path | None) -> dict[str, Any]:
    """The settings that were typed, over those of the file."""
    found: dict[str, Any] = {}
    if file is not None:
        try:
            found = json.loads(file.read_text())
        except (OSError, ValueError) as failure:
            raise Invalid(f"{file} holds no JSON: {failure}", where="--settings-file") from failure
        if not isinstance(found, dict):
            raise Invalid(f"{file} holds no JSON object", where="--settings-file")
    for pair in pairs or ():
        name, sign, value = pair.partition("=")
        if not sign:
            raise Invalid(f"{pair!r} is no setting", where="--setting", mend="write NAME=VALUE")
        try:
            found[name] = json.loads(value)
        except ValueError:
            found[name] = value
    return found


def _secret(file: Path | None) -> str:
    """A client's secret; from a file, since the command line is read by every account of the machine."""
    if file is None:
        return ""
    try:
        return (sys.stdin.read() if str(file) == "-" else file.read_text()).strip()
    except (OSError, UnicodeDecodeError) as failure:
        raise Invalid(f"{file} cannot be read", where="--secret-file") from failure


def _tell(told: _Told, as_json: bool) -> None:
    fields = told.fields()
    if as_json:
        output.show_json(fields)
        return
    rules = fields["settings"].pop("rules")
    output.show_fields({name: value for name, value in fields.items() if name != "settings"})
    output.say("", "Settings:")
    output.show_fields(fields["settings"])
    output.say("", "Rules:")
    output.show_table(
        ("on", "value", "role", "companies", "company groups"),
        ((one["on"], one["value"], one["role"] or "", one["companies"], one["company_groups"]) for one in rules),
        empty="None: nobody gets in by it yet.",
    )


def _plain(identity: Identity) -> dict[str, Any]:
    found = output.plain(identity)
    assert isinstance(found, dict)  # noqa: S101  # of a dataclass
    return found
