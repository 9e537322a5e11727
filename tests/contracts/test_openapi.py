"""The committed OpenAPI documents say what the code says, and are valid OpenAPI 3.1."""

import json
from pathlib import Path

import pytest
from openapi_spec_validator import validate

from shared.contracts.catalogue import SERVICES
from shared.runtime.documents import document_of

FOLDER = Path(__file__).parents[2] / "docs" / "api"


@pytest.mark.parametrize("service", SERVICES)
def test_the_committed_document_is_current_and_valid(service: str) -> None:
    text = document_of(service)
    assert text == (FOLDER / f"{service}.json").read_text(encoding="utf-8"), "run `make documents`"
    validate(json.loads(text))
