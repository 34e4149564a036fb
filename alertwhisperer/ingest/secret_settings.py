"""
Secret settings of an integration (a tool's signing secret, a feed's password): sealed where they are stored, shown as
`***`, and opened for the source's own checks and calls alone.
"""

import base64
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from alertwhisperer.domain.company import CompanyId
from alertwhisperer.domain.errors import Invalid
from alertwhisperer.guard.vault import Vault, setting_context
from alertwhisperer.sources.contract import Source

SHOWN = "***"
"""What a secret reads as; given back unchanged it leaves the secret as it is."""
_SEALED = "$sealed"


def seal_secrets(
    vault: Vault,
    source: Source,
    company_id: CompanyId,
    integration_id: UUID,
    settings: Mapping[str, object],
    old: Mapping[str, object],
) -> dict[str, object]:
    """
    The settings as they are stored.

    Args:
        settings: as given by a person, checked.
        old: as stored before; empty for a new integration.

    Raises:
        Invalid: `***` stands for a secret that is not there, or a sealed one is given that is not the integration's.
    """
    sealed = dict(settings)
    for name in _secret_names(source) & settings.keys():
        value = settings[name]
        if value is None:
            del sealed[name]
        elif value == SHOWN:
            if name not in old:
                raise Invalid(f"{SHOWN} stands for no secret here", where=f"settings.{name}", mend="give the secret")
            sealed[name] = old[name]
        elif is_sealed(value):
            # As it lay in the database, because another setting changed; anything else could not be opened later.
            if value != old.get(name):
                raise Invalid("this is no secret of this integration", where=f"settings.{name}", mend="give the secret")
            sealed[name] = value
        else:
            locked = vault.seal(str(value).encode(), setting_context(company_id, integration_id, name))
            sealed[name] = {_SEALED: base64.b64encode(locked).decode()}
    return sealed


def open_secrets(
    vault: Vault, source: Source, company_id: CompanyId, integration_id: UUID, settings: Mapping[str, Any]
) -> dict[str, str]:
    """
    The secrets in the clear, by name; never to be logged, stored or answered.

    Raises:
        Permanent: sealed with another master key, altered or moved.
    """
    opened: dict[str, str] = {}
    for name in _secret_names(source) & settings.keys():
        value = settings[name]
        if is_sealed(value):
            locked = base64.b64decode(value[_SEALED])
            opened[name] = vault.open(locked, setting_context(company_id, integration_id, name)).decode()
    return opened


def without_secrets(source: Source, settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings as a parser gets them: secret ones are None."""
    secret = _secret_names(source)
    return {name: None if name in secret else value for name, value in settings.items()}


def masked(settings: Mapping[str, object]) -> dict[str, object]:
    """The settings as people see them."""
    return {name: SHOWN if is_sealed(value) else value for name, value in settings.items()}


def is_sealed(value: object) -> bool:
    """Whether a stored setting is a sealed secret."""
    return isinstance(value, dict) and value.keys() == {_SEALED}


def _secret_names(source: Source) -> set[str]:
    return {setting.name for setting in source.settings if setting.secret}
