"""Drills of an installation: tries a runbook on a throwaway machine, signs what came of it, and shows what there is."""

import platform
from pathlib import Path

from alertwhisperer.app.build import House
from alertwhisperer.app.settings import Settings
from alertwhisperer.domain.audit import AuditAction, Resource
from alertwhisperer.domain.company import Scope
from alertwhisperer.domain.runbook import Runbook
from alertwhisperer.remediate.certificate import FOLDER, Certificate, DrillRecord, certify, keep, record_of
from alertwhisperer.remediate.drill import drilled
from alertwhisperer.remediate.throwaway import throwaway_machine
from alertwhisperer.store import audit

_ROOT = Path("/")


class Drills:
    """The drills of one house."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._folder = house.settings.data_dir / FOLDER

    def record_of(self, runbook: Runbook) -> DrillRecord:
        """What to show beside a runbook."""
        return record_of(self._folder, runbook, self._house.public_keys)

    def tried(self, runbook: Runbook, by: Scope, below: Path = _ROOT) -> Certificate:
        """
        Try it, which takes up to some minutes, and keep the certificate; whoever asked records it (`record`).

        Raises:
            Invalid: it cannot be drilled.
            Conflicting, Permanent: no throwaway machine can be made here.
        """
        with throwaway_machine(below.absolute(), hidden_from_drills(self._house.settings)) as machine:
            steps = drilled(runbook, machine)
        certificate = certify(runbook, steps, machine=_machine(below), by=by.actor, at=self._house.clock.now())
        keep(self._folder, certificate, self._house.signing_key)
        return certificate

    async def record(self, certificate: Certificate, by: Scope) -> None:
        """Write the drill into the installation's audit log."""
        detail = {
            "version": certificate.version,
            "sha256": certificate.hash,
            "passed": certificate.passed,
            "steps": len(certificate.steps),
        }
        async with self._house.database.unit_of_work(by) as unit:
            resource = Resource("runbook", certificate.slug)
            await audit.write(unit, AuditAction.RUNBOOK_DRILLED, resource, detail, now=certificate.at)


def hidden_from_drills(settings: Settings) -> list[Path]:
    """What a drill must not see of this machine: the data, the keys."""
    places = (settings.data_dir, settings.signing_key_file, settings.master_key_file)
    return [place.absolute() for place in places]


def _machine(below: Path) -> str:
    where = "this machine's root" if below == _ROOT else "a prepared root"
    return f"{where}, {platform.system()} {platform.release()} {platform.machine()}"
