"""What the gateway says of all services together: one OpenAPI document, and one page of it.

`python -m shared.runtime.gateway [FOLDER]` writes `openapi.json` and `docs.html` from the services' own documents in
`docs/api`.
"""

import json
import sys
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from shared.contracts.catalogue import SERVICES
from shared.web.documentation import render

Document = dict[str, Any]
_SITE = Path("deploy/gateway/site")
_DOCUMENTS = Path("docs/api")
_REFERENCE = "#/components/"


def together(documents: Mapping[str, Document]) -> Document:
    """One document of the services' documents: paths behind `/<service>`, components named apart where they differ."""
    names = _names(documents)
    merged: Document = {
        "openapi": "3.1.0",
        "info": {
            "title": "龙溪社区服务平台 Longxi",
            "version": version("longxi"),
            "description": "诉求受理 intake、处置办理 casework、就业服务 employment、消息通知 notifications，同一地址，路径以服务名开头。"
            " Four services at one address; paths begin with the service's name.",
        },
        "servers": [{"url": "/"}],
        "paths": {},
        "components": {},
    }
    for service, document in documents.items():
        for path, operations in document["paths"].items():
            if not path.startswith("/v1/"):
                continue
            merged["paths"][f"/{service}{path}"] = {
                method: _operation(service, _renamed(operation, names[service]))
                for method, operation in operations.items()
            }
        for kind, entries in document["components"].items():
            into = merged["components"].setdefault(kind, {})
            for name, entry in entries.items():
                into[names[service].get(f"{kind}/{name}", name)] = _renamed(entry, names[service])
    return merged


def _operation(service: str, operation: Document) -> Document:
    tags = [f"{service} {tag}" for tag in operation.get("tags") or [""]]
    named = {**operation, "tags": [tag.strip() for tag in tags]}
    if "operationId" in operation:
        named["operationId"] = f"{service}_{operation['operationId']}"
    return named


def _names(documents: Mapping[str, Document]) -> Mapping[str, Mapping[str, str]]:
    """New names of those components, by service and `<kind>/<name>`, that another service means otherwise.

    Two of the same words may still refer to what differs; names are taken apart until none does.
    """
    renamed: dict[str, dict[str, str]] = {service: {} for service in documents}
    while True:
        seen: dict[str, set[str]] = {}
        for service, document in documents.items():
            for kind, entries in document["components"].items():
                for name, entry in entries.items():
                    text = json.dumps(_renamed(entry, renamed[service]), sort_keys=True)
                    seen.setdefault(f"{kind}/{name}", set()).add(text)
        apart = {key for key, texts in seen.items() if len(texts) > 1}
        new = False
        for service, document in documents.items():
            for key in apart:
                kind, name = key.split("/", 1)
                if name in document["components"].get(kind, {}) and key not in renamed[service]:
                    renamed[service][key] = f"{service.capitalize()}{name}"
                    new = True
        if not new:
            return renamed


def _renamed(part: Any, names: Mapping[str, str]) -> Any:
    if isinstance(part, dict):
        return {
            key: _reference(value, names)
            if key == "$ref" and isinstance(value, str)
            else _renamed(value, names)
            for key, value in part.items()
        }
    if isinstance(part, list):
        return [_renamed(entry, names) for entry in part]
    return part


def _reference(target: str, names: Mapping[str, str]) -> str:
    key = target.removeprefix(_REFERENCE)
    kind = key.split("/", 1)[0]
    return f"{_REFERENCE}{kind}/{names[key]}" if key in names else target


def texts(documents: Path = _DOCUMENTS) -> Mapping[str, str]:
    """The files as they are committed, by name."""
    merged = together(
        {service: json.loads((documents / f"{service}.json").read_text("utf-8")) for service in SERVICES}
    )
    return {
        "openapi.json": json.dumps(merged, ensure_ascii=False, indent=1, sort_keys=True) + "\n",
        "docs.html": render(merged) + "\n",
    }


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in texts().items():
        (folder / name).write_text(text, encoding="utf-8")
    sys.stdout.write(f"{folder}: openapi.json, docs.html\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else _SITE)
