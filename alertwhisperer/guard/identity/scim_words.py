"""
What directories say in SCIM 2.0 (RFC 7643, RFC 7644), read into our nouns; pure.

Only what is needed to know who somebody is and whether they are still there is kept; whatever else a directory sends
(telephone numbers, addresses, managers) is left aside without complaint, as Entra and Okta expect.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from alertwhisperer.domain.directory import DirectoryGroup, DirectoryUser
from alertwhisperer.domain.errors import Invalid

LONGEST = 500
_MOST_OPERATIONS = 1_000
_FILTER = re.compile(r'\s*([A-Za-z][A-Za-z.:0-9]{0,80})\s+eq\s+("(?:[^"\\]|\\.){0,500}")\s*', re.IGNORECASE)
_MEMBER_PATH = re.compile(r'members\[\s*value\s+eq\s+"([^"]{1,100})"\s*\]', re.IGNORECASE)
_MAIL_PATH = re.compile(r"emails(\[[^\]]{0,100}\])?(\.value)?", re.IGNORECASE)
_CORE = "urn:ietf:params:scim:schemas:core:2.0:user:"


@dataclass(frozen=True, slots=True)
class Filter:
    """`attribute eq "value"`, the one kind of filter that directories use; the attribute is in lower case."""

    attribute: str
    value: str


@dataclass(frozen=True, slots=True)
class Members:
    """What a change does to a group's members."""

    add: frozenset[UUID] = frozenset()
    remove: frozenset[UUID] = frozenset()
    replace: frozenset[UUID] | None = None


def read_filter(text: str) -> Filter:
    """
    The filter of a search.

    Raises:
        Invalid: it is another kind of filter.
    """
    found = _FILTER.fullmatch(text)
    if found is None:
        raise Invalid('only `attribute eq "value"` is understood', where="invalidFilter")
    try:
        value = json.loads(found[2])
    except ValueError as failure:
        raise Invalid("the filter's value cannot be read", where="invalidFilter") from failure
    return Filter(found[1].lower(), _plain(value, "filter"))


def user_from(base: DirectoryUser, given: Mapping[str, Any]) -> DirectoryUser:
    """
    The person that a whole resource describes; what it leaves out is as in `base` when it is about being active.

    Raises:
        Invalid: it has no user name, or something in it is of the wrong kind.
    """
    fields = {name.lower(): value for name, value in given.items()}
    name = _plain(fields.get("username"), "userName")
    if not name:
        raise Invalid("userName is missing", where="invalidValue")
    return replace(
        base,
        user_name=name,
        external_id=_plain(fields.get("externalid"), "externalId"),
        display_name=_plain(fields.get("displayname"), "displayName"),
        email=_email(fields.get("emails")),
        is_active=_flag(fields.get("active", base.is_active)),
    )


def patched_user(user: DirectoryUser, document: Mapping[str, Any]) -> DirectoryUser:
    """
    The person after a PATCH.

    Raises:
        Invalid: it is none, or something in it is of the wrong kind.
    """
    for verb, path, value in operations(document):
        if not path:
            if not isinstance(value, dict):
                raise Invalid("a change without a path needs an object", where="invalidValue")
            for name, inner in value.items():
                user = _with(user, name, inner)
        else:
            user = _with(user, path, None if verb == "remove" else value)
    return user


def group_from(base: DirectoryGroup, given: Mapping[str, Any]) -> tuple[DirectoryGroup, frozenset[UUID]]:
    """
    The group that a whole resource describes, and its members.

    Raises:
        Invalid: it has no name, or something in it is of the wrong kind.
    """
    fields = {name.lower(): value for name, value in given.items()}
    name = _plain(fields.get("displayname"), "displayName")
    if not name:
        raise Invalid("displayName is missing", where="invalidValue")
    external_id = _plain(fields.get("externalid"), "externalId")
    return replace(base, display_name=name, external_id=external_id), _ids(fields.get("members"))


def patched_group(group: DirectoryGroup, document: Mapping[str, Any]) -> tuple[DirectoryGroup, Sequence[Members]]:
    """
    The group after a PATCH, and what it does to the members, in order.

    Raises:
        Invalid: it is none, or something in it is of the wrong kind.
    """
    changes: list[Members] = []
    for verb, path, value in operations(document):
        named = {path: value} if path else value
        if not isinstance(named, dict):
            raise Invalid("a change without a path needs an object", where="invalidValue")
        for name, inner in named.items():
            one = _MEMBER_PATH.fullmatch(name)
            if one is not None and verb == "remove":
                changes.append(Members(remove=_ids([{"value": one[1]}])))
            elif name.lower() == "members":
                changes.append(_members(verb, inner))
            elif name.lower() == "displayname":
                group = replace(group, display_name=_plain(inner, name) or group.display_name)
            elif name.lower() == "externalid":
                group = replace(group, external_id=_plain(inner, name))
    return group, changes


def operations(document: Mapping[str, Any]) -> Iterable[tuple[str, str, Any]]:
    """Verb in lower case, path (empty: none) and value of each operation of a PATCH; raises `Invalid`."""
    fields = {name.lower(): value for name, value in document.items()}
    listed = fields.get("operations")
    if not isinstance(listed, list) or not 0 < len(listed) <= _MOST_OPERATIONS:
        raise Invalid("Operations is missing", where="invalidSyntax")
    for one in listed:
        if not isinstance(one, dict):
            raise Invalid("an operation is an object", where="invalidSyntax")
        parts = {name.lower(): value for name, value in one.items()}
        verb, path = str(parts.get("op", "")).lower(), parts.get("path", "") or ""
        if verb not in ("add", "replace", "remove") or not isinstance(path, str):
            raise Invalid("an operation is add, replace or remove", where="invalidSyntax")
        yield verb, path, parts.get("value")


def _with(user: DirectoryUser, path: str, value: Any) -> DirectoryUser:
    name = path.lower().removeprefix(_CORE)
    if name == "active":
        return replace(user, is_active=_flag(value))
    if name == "username":
        return replace(user, user_name=_plain(value, path) or user.user_name)
    if name == "externalid":
        return replace(user, external_id=_plain(value, path))
    if name == "displayname":
        return replace(user, display_name=_plain(value, path))
    if _MAIL_PATH.fullmatch(name):
        return replace(user, email=_email(value if isinstance(value, list) else [{"value": value}]))
    return user


def _members(verb: str, value: Any) -> Members:
    if verb == "replace":
        return Members(replace=_ids(value))
    if verb == "add":
        return Members(add=_ids(value))
    return Members(replace=frozenset()) if value is None else Members(remove=_ids(value))


def _ids(value: Any) -> frozenset[UUID]:
    """Ids of members; what is none of ours is left out, since it names nobody here."""
    found = set()
    for one in value if isinstance(value, list) else [value] if isinstance(value, dict) else []:
        try:
            found.add(UUID(str(one.get("value")) if isinstance(one, dict) else str(one)))
        except ValueError:
            continue
    return frozenset(found)


def _email(value: Any) -> str:
    """The primary address, else the first; lower case, and empty when there is none."""
    listed = [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
    for one in sorted(listed, key=lambda one: one.get("primary") not in (True, "true", "True")):
        address = one.get("value")
        if isinstance(address, str) and "@" in address:
            return _plain(address, "emails").lower()
    return ""


def _flag(value: Any) -> bool:
    """Entra writes booleans as words."""
    words = {"true": True, "false": False}
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in words:
        return words[value.lower()]
    raise Invalid("active is true or false", where="invalidValue")


def _plain(value: Any, name: str) -> str:
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > LONGEST or "\x00" in value or not value.isprintable():
        raise Invalid(f"{name} is a text of {LONGEST} characters at most", where="invalidValue")
    return value.strip()
