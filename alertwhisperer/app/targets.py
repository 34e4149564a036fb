"""Those who go to targets, with what this installation lends them."""

from collections.abc import Mapping

from alertwhisperer.app.settings import Settings
from alertwhisperer.executors.contract import Means, Runner
from alertwhisperer.kit.clock import Clock
from alertwhisperer.remediate.ways import all_ways


def runners_of(settings: Settings, clock: Clock) -> Mapping[str, Runner]:
    """A runner for each executor, by its slug; made once a process."""
    means = Means(clock, settings.local_targets, containers=bool(settings.local_targets))
    return {slug: way.make(means) for slug, way in all_ways().items()}
