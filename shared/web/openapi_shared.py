"""Saying once what many operations answer: equal responses move to the document's components."""

import json
from collections import Counter
from typing import Any

Document = dict[str, Any]


def share_responses(document: Document) -> None:
    """Replace each response that stands at several operations by a reference to one, named by status and problems."""
    operations = [operation for item in document["paths"].values() for operation in item.values()]
    counts = Counter(
        _text(response) for operation in operations for response in operation["responses"].values()
    )
    names: dict[str, str] = {}
    shared: Document = document["components"].setdefault("responses", {})
    for operation in operations:
        for status, response in operation["responses"].items():
            text = _text(response)
            if counts[text] < 2 or "application/problem+json" not in response.get("content", {}):
                continue
            if text not in names:
                names[text] = _free(f"Problem{status}", shared)
                shared[names[text]] = response
            operation["responses"][status] = {"$ref": f"#/components/responses/{names[text]}"}


def resolved(document: Document, response: Document) -> Document:
    """The response itself where a reference stands for it."""
    if "$ref" not in response:
        return response
    found: Document = document["components"]["responses"][response["$ref"].rsplit("/", 1)[-1]]
    return found


def _free(wanted: str, taken: Document) -> str:
    """The name, or the first of `name_2`, `name_3` … that is not taken."""
    name, number = wanted, 1
    while name in taken:
        number += 1
        name = f"{wanted}_{number}"
    return name


def _text(response: Document) -> str:
    return json.dumps(response, sort_keys=True)
