"""
Which name finds which asset: given, taken over, and told to correlation.

Names are written by one at a time in a company (`store.asset_names.enter`), because the rules keep all of them: an
alert under any name of an asset gets the correlation key of the asset's own one.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from alertwhisperer.domain.asset import canonical
from alertwhisperer.domain.errors import Conflicting
from alertwhisperer.domain.inventory import MOST_ALIASES, Asset, AssetName, Edge
from alertwhisperer.guard.approvals.voiding import void_touched
from alertwhisperer.inventory.fields import check_asset_name
from alertwhisperer.store import asset_names, assets, edges, rules
from alertwhisperer.store.database import Unit


class NameBook:
    """
    The names that one change touches: as they are, and as they will be.

    Read it after `asset_names.enter`, give names, then write it.
    """

    def __init__(self, known: Mapping[str, AssetName], holders: Mapping[UUID, Asset], *, now: datetime) -> None:
        self._known = dict(known)
        self._holders = holders
        self._now = now
        self._given: dict[str, AssetName] = {}
        self._absorbed: dict[UUID, Asset] = {}  # the asset that is gone → the one that it is

    @classmethod
    async def read(cls, unit: Unit, names: Iterable[str], *, now: datetime) -> "NameBook":
        """The book of names as people write them; one that no asset can have is refused when it is given."""
        wanted = {canonical(name) for name in names if name.isprintable()}
        known = await asset_names.among(unit, sorted(wanted))
        held = {one.asset_id for one in known.values() if one.asset_id is not None}
        return cls(known, await assets.among(unit, sorted(held)), now=now)

    @property
    def absorbed(self) -> tuple[UUID, ...]:
        """Assets that turned out to be others, because somebody gave their name to those."""
        return tuple(self._absorbed)

    def holder(self, name: str) -> Asset | None:
        """The asset that a name, as people write it, finds now."""
        held = self._known.get(canonical(name))
        return None if held is None or held.asset_id is None else self._holders.get(held.asset_id)

    def give_own(self, asset: Asset, *, before: Asset | None = None) -> None:
        """
        The asset's own name.

        Args:
            before: the asset as it was called until now; that name stays as a former one.

        Raises:
            Conflicting: another asset has the name.
        """
        shown, name = check_asset_name(asset.name)
        self._refuse_taken(name, asset, where="name")
        if before is not None and canonical(before.name) != name:
            self._put(canonical(before.name), before.name, asset, "former")
        self._put(name, shown, asset, "own")

    def give_alias(self, asset: Asset, alias: str) -> bool:
        """
        Another name of the asset; False when it had it already.

        An unconfirmed asset of that name only appeared in an alert: it is this one.

        Raises:
            Invalid: the name is of no use.
            Conflicting: another asset, which a person confirmed, has the name.
        """
        shown, name = check_asset_name(alias, where="aliases")
        held = self._known.get(name)
        if held is not None and held.asset_id == asset.id:
            return False
        found = self.holder(name)
        if found is not None and not found.confirmed and self._absorbed.get(found.id, asset).id == asset.id:
            self._absorbed[found.id] = asset
        else:
            self._refuse_taken(name, asset, where="aliases")
        self._put(name, shown, asset, "alias")
        return True

    async def write(self, unit: Unit) -> None:
        """Write what was given; the rules are told by `tell_rules`."""
        for gone, into in self._absorbed.items():
            await absorb(unit, self._holders[gone], into, now=self._now)
        if self._given:
            await asset_names.put(unit, list(self._given.values()))

    def _refuse_taken(self, name: str, asset: Asset, *, where: str) -> None:
        held = self._known.get(name)
        if held is not None and held.asset_id not in (None, asset.id):
            raise Conflicting(
                f"the name {held.shown!r} is the asset {held.asset_id}'s", where=where, mend="merge the two assets"
            )

    def _put(self, name: str, shown: str, asset: Asset, origin: str) -> None:
        held = self._known.get(name)
        source = "" if held is None else held.source
        row = AssetName(name, asset.id, shown, origin, source, self._now)  # type: ignore[arg-type]  # three of its words
        self._known[name] = self._given[name] = row


async def absorb(unit: Unit, gone: Asset, into: Asset, *, now: datetime) -> None:
    """
    Move everything of one asset to another: names, edges, and the site where the other has none.

    Alerts keep the text they came with; the asset's row stays and says where it went.
    """
    await asset_names.move(unit, gone.id, into.id)
    moved = [edge for edge in await _moved_edges(unit, gone.id, into.id) if edge.from_asset != edge.to_asset]
    await edges.remove_of(unit, gone.id)
    if moved:
        await edges.insert(unit, moved)
    await assets.redirect(unit, gone.id, into.id)
    await assets.update(unit, [replace(gone, merged_into=into.id)])
    if into.site_id is None and gone.site_id is not None:
        await assets.update(unit, [replace(into, site_id=gone.site_id)])
    await void_touched(unit, "asset", [gone.id, into.id], now=now)


async def _moved_edges(unit: Unit, gone: UUID, into: UUID) -> list[Edge]:
    return [
        in_order(
            replace(
                edge,
                from_asset=into if edge.from_asset == gone else edge.from_asset,
                to_asset=into if edge.to_asset == gone else edge.to_asset,
            )
        )
        for edge in await edges.page(unit, asset_id=gone, limit=edges.MOST_OF_ASSET)
    ]


def in_order(edge: Edge) -> Edge:
    """Of `connected` assets neither is first: the smaller id is written first, so that two edges never say the same."""
    if edge.kind == "connected" and edge.to_asset < edge.from_asset:
        return replace(edge, from_asset=edge.to_asset, to_asset=edge.from_asset)
    return edge


async def tell_rules(unit: Unit, *, now: datetime) -> int:
    """
    Let correlation group by the names as they are now.

    Returns:
        The version of the rules that knows them.

    Raises:
        Conflicting: the company has too many other names, or somebody saved rules at the same moment.
    """
    aliases = await asset_names.aliases(unit)
    if len(aliases) > MOST_ALIASES:
        raise Conflicting(
            f"a company's assets may have {MOST_ALIASES} other names in all", where="aliases", mend="remove old ones"
        )
    return await rules.save_aliases(unit, aliases, now=now)
