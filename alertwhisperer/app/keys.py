"""Reads the data keys anew when a rotation says so: a running server never meets a key that it does not know."""

import structlog

from alertwhisperer.app.build import House
from alertwhisperer.domain.errors import Invalid, Permanent
from alertwhisperer.guard import data_keys
from alertwhisperer.guard.key_file import load_masters
from alertwhisperer.guard.master import LocalMaster

_log = structlog.get_logger("keys")


async def reload_keys(house: House) -> None:
    """
    Work with the keys that the database holds now; with those of before when they cannot be opened.

    Raises:
        Temporary: the database cannot be reached.
    """
    settings = house.settings
    try:
        secrets = load_masters(
            settings.master_key_file, settings.secret_key or None, settings.former_secret_keys or None, may_make=False
        )
        async with house.database.across([]) as connection:
            found = await data_keys.read(connection)
        keys = data_keys.opened(found, tuple(map(LocalMaster, secrets)))
    except (Invalid, Permanent) as failure:
        _log.error("keys.not_read", why=str(failure))
        return
    before = house.vault.mark
    house.vault.use(keys)
    if house.vault.mark != before:
        _log.info("keys.changed", sealing=house.vault.mark.hex(), opening=len(keys.opening))
