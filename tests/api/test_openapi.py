"""The OpenAPI document is complete: examples, problems and names for every route."""

from typing import Any

from fastapi import FastAPI
from pydantic import TypeAdapter

from alertwhisperer.api import companies, incidents, integrations, rules, users
from tests.api.conftest import Doors


def operations(document: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """Each operation with its place."""
    return [
        (f"{method} {path}", operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]


async def test_every_operation_has_a_summary_an_own_name_and_problems(doors: Doors) -> None:
    document = await doors.nobody.get("/api/openapi.json")
    names = [operation["operationId"] for _, operation in operations(document)]
    assert len(names) == len(set(names))
    for place, operation in operations(document):
        assert operation["summary"], place
        if place.split()[1].startswith("/api/"):
            # Whoever signs in is nobody yet; a calendar program has a secret address and nothing else.
            if place not in ("post /api/session", "get /api/on-call/calendar/{secret}/on-call.ics"):
                assert operation["security"] == [{"token": []}, {"session": []}], place
            for status in ("401", "403", "422", "500", "503"):
                assert "application/problem+json" in operation["responses"][status]["content"], (place, status)
    assert "Problem" in document["components"]["schemas"]


async def test_every_model_has_an_example_that_fits_it(app: FastAPI) -> None:
    schemas = app.openapi()["components"]["schemas"]
    without = [name for name, schema in schemas.items() if schema.get("type") == "object" and "examples" not in schema]
    # What a page is, and parts of larger examples, are seen inside the others.
    parts = {"DefinitionShown", "DifferenceShown", "RuleOfIncident", "SettingShown", "SourcesShown", "SplitShown"}
    parts |= {"ChangeShown", "ComplaintShown", "KeyOfImport", "PlannedShown"}
    parts |= {
        "Activity",
        "BulkResult",
        "BySeverity",
        "ContactToCall",
        "Keys",
        "Place",
        "SimilarIncident",
        "WarningShown",
    }
    parts |= {"AssetCount", "RoleShown", "SeverityCount"}
    parts |= {"GuardsShown", "OpenShown", "PatchShown", "SlaShown", "WhereaboutsShown"}
    parts |= {"ExecutorsShown", "FindingShown", "WayValueShown"}
    assert {name for name in without if not name.startswith("Page_")} - parts == {"VersionsShown"}


def test_examples_of_requests_are_valid() -> None:
    for model in (
        companies.CompanyAdded,
        companies.CompanySet,
        integrations.IntegrationAdded,
        integrations.IntegrationSet,
        incidents.Assignment,
        incidents.Resolution,
        incidents.Comment,
        incidents.Merger,
        incidents.Division,
        rules.RulesGiven,
        users.UserAdded,
    ):
        for example in model.model_json_schema()["examples"]:
            TypeAdapter(model).validate_python(example, strict=False)
