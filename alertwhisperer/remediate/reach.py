"""From an asset to the way to it: what a run needs to plan, and what an executor needs to go there."""

import hashlib
from uuid import UUID

import msgspec

from alertwhisperer.domain.approval import Target
from alertwhisperer.domain.errors import Conflicting, Invalid
from alertwhisperer.domain.execution import Reach
from alertwhisperer.domain.reach import Binding
from alertwhisperer.guard.vault import Vault
from alertwhisperer.remediate.bindings import confirmed
from alertwhisperer.remediate.credentials import open_credential, there
from alertwhisperer.remediate.ways import way_of
from alertwhisperer.store import reach
from alertwhisperer.store.database import Unit

_MARK = 16  # hexadecimal digits of a binding's digest: enough that nobody finds another binding with the same


async def reach_of(unit: Unit, vault: Vault, asset_id: UUID) -> Reach:
    """
    The way to an asset with its credential opened; for one call, never to be kept.

    Raises:
        Invalid: nobody bound it, confirmed it, or proved its credential; the mend says what to do.
        Permanent: the credential cannot be opened.
    """
    binding = await _binding(unit, asset_id)
    way = way_of(binding.executor)
    kept = there(await reach.credential(unit, binding.credential_id), binding.credential_id)
    if way.proves and kept.proven_at is None:
        raise Conflicting(
            f"nobody has seen yet that the way of {kept.name!r} is closed to everybody else",
            where="credential",
            mend="run `alertwhisperer aws check`",
        )
    values = await open_credential(unit, vault, kept.id)
    open_names = {one.name for one in way.credential if not one.secret}
    known = {name: value for name, value in values.items() if name in open_names}
    return Reach(binding.executor, {**known, **binding.settings}, values)


async def target_of(unit: Unit, vault: Vault, asset_id: UUID) -> tuple[Target, UUID]:
    """
    The asset as a plan names it, and which credential would be used.

    Its `host_key` also says of which binding it is: one that is bound otherwise afterwards is another target, so an
    approval of the one is none of the other.

    Raises:
        Invalid: nobody bound it, or confirmed it.
    """
    binding = await _binding(unit, asset_id)
    place = way_of(binding.executor).place(binding.settings, await open_credential(unit, vault, binding.credential_id))
    mark = hashlib.sha256(msgspec.json.encode([binding.executor, sorted(binding.settings.items())])).hexdigest()[:_MARK]
    target = Target("asset", str(asset_id), place.account, place.region, f"{place.host_key} binding:{mark}".strip())
    return target, binding.credential_id


async def _binding(unit: Unit, asset_id: UUID) -> Binding:
    asset = await confirmed(unit, asset_id)
    binding = await reach.binding(unit, asset_id)
    if binding is None:
        raise Invalid(
            f"{asset.name} is bound to nothing, so nothing can be run there", where="asset_id", mend="bind it first"
        )
    return binding
