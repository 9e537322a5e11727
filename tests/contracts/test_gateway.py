"""The gateway's one page and one document say what the services' own documents say, and the document is valid OpenAPI."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from openapi_spec_validator import validate

from shared.contracts.catalogue import SERVICES
from shared.runtime.gateway import texts, together

SITE = Path(__file__).parents[2] / "deploy" / "gateway" / "site"


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((SITE / "openapi.json").read_text(encoding="utf-8"))
    return found


def test_what_is_committed_is_current() -> None:
    for name, text in texts().items():
        assert (SITE / name).read_text(encoding="utf-8") == text, "run `make documents`"


def test_it_is_valid_and_has_every_path_of_every_service(document: dict[str, Any]) -> None:
    validate(document)
    for service in SERVICES:
        own = json.loads((SITE.parents[2] / "docs" / "api" / f"{service}.json").read_text(encoding="utf-8"))
        wanted = {f"/{service}{path}" for path in own["paths"] if path.startswith("/v1/")}
        assert wanted <= set(document["paths"])


def test_whatever_is_referred_to_is_there(document: dict[str, Any]) -> None:
    for target in _references(document):
        part: Any = document
        for step in target.removeprefix("#/").split("/"):
            part = part[step]


def test_what_two_services_mean_differently_has_two_names() -> None:
    def service(title: str) -> dict[str, Any]:
        answer = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Case"}}}}
        return {
            "paths": {"/v1/cases": {"get": {"tags": [], "responses": {"200": answer}}}},
            "components": {
                "schemas": {
                    "Case": {"properties": {"of": {"$ref": "#/components/schemas/Part"}}},
                    "Part": {"title": title},
                    "Same": {"title": "Same"},
                }
            },
        }

    merged = together({"intake": service("A"), "casework": service("B")})

    assert set(merged["components"]["schemas"]) == {
        *(f"{owner}{name}" for owner in ("Intake", "Casework") for name in ("Case", "Part")),
        "Same",
    }
    case = merged["components"]["schemas"]["CaseworkCase"]
    assert case["properties"]["of"]["$ref"] == "#/components/schemas/CaseworkPart"


def _references(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        for key, value in part.items():
            if key == "$ref" and isinstance(value, str):
                yield value
            else:
                yield from _references(value)
    elif isinstance(part, list):
        for entry in part:
            yield from _references(entry)
