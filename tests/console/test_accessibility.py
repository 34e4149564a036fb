"""Every page in both schemes, looked at by axe: nothing serious."""

from pathlib import Path

import pytest
from playwright.sync_api import expect

from alertwhisperer.domain.user import Role
from tests.console.conftest import Open, Scene, alert
from tests.screens.mended import bind_machines, mend

AXE = Path(__file__).parents[2] / "web" / "node_modules" / "axe-core" / "axe.min.js"
_LOOK = """async () => {
  const found = await axe.run(document, {resultTypes: ['violations']});
  return found.violations.filter(one => ['serious', 'critical'].includes(one.impact))
    .map(one => one.id + ': ' + one.nodes.map(node => node.html.slice(0, 160)).slice(0, 3).join(' | '));
}"""


_TABS = ("overview", "integrations", "rules", "runbooks", "access", "silence", "brakes", "people", "settings")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(scene: Scene, enter: Open, scheme: str) -> None:
    if not AXE.is_file():
        pytest.skip("axe-core comes with `make web`")
    scene.send(
        *[
            alert(f"db-{n:02d}", f"Fault {n}", severity)
            for n, severity in enumerate(("critical", "high", "medium", "low", "info"))
        ]
    )
    company = f"/companies/{scene.company_id}"
    page = enter(Role.MSP_ADMIN, "/incidents", color_scheme=scheme).page
    expect(page.get_by_text("Fault 0").first).to_be_visible()
    [one] = scene.ask("GET", f"/api/companies/{scene.company_id}/incidents?severity=critical")["items"]
    [told] = scene.ask("GET", f"/api/companies/{scene.company_id}/alerts?severity=critical")["items"]
    machines = bind_machines(scene.ask, scene.company_id)
    waits, failed = mend(scene.ask, scene.place, scene.company_id, machines, one["id"])
    found: dict[str, list[str]] = {}
    for path in (
        *("/board", "/incidents", f"/incidents/{one['number']}", "/alerts", f"/alerts/{told['id']}", "/approvals"),
        *("/dashboard", f"/dashboard?company={scene.company_id}", "/reports", "/companies", "/quarantine", "/audit"),
        *("/dashboard?range=24h", "/dashboard?range=90d&by=asset", "/shift", "/shift?whose=mine", "/me"),
        *("/companies?tab=brakes", "/reports?tab=schedules", "/reports?tab=baseline"),
        *(f"{company}/{tab}" for tab in _TABS),
        f"{company}/rules?check=Fault+0",
        *(
            "/runs",
            "/runs?tab=look",
            "/runs?state=succeeded&since=24h",
            f"/runs?company={scene.company_id}",
            f"/runs/{waits}",
            f"/runs/{failed}",
        ),
        *("/runbooks", "/runbooks/service-restart", "/runbooks?q=nothing-such"),
        f"/runbooks/service-restart?company={scene.company_id}",
        *("/board?wall=1", "/search?q=db", "/search?q=nothing-such", "/incidents?severity=low", "/incidents?state=all"),
        f"{company}/integrations/{scene.sender.integration_id}",
    ):
        page.goto(scene.server.url + path)
        page.wait_for_load_state("networkidle")
        page.evaluate(AXE.read_text())
        if broken := page.evaluate(_LOOK):
            found[path] = broken
    assert found == {}
