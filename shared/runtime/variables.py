"""Every environment variable of every service, as one page for operators, written from the settings classes.

`python -m shared.runtime.variables` writes `docs/variables.md`; with `--check` it only says whether that is current.
"""

import argparse
import importlib
import inspect
import sys
from collections.abc import Iterator, Mapping
from enum import Enum
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Le
from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from shared.contracts.catalogue import SERVICES
from shared.settings import ServiceSettings

PAGE = Path("docs/variables.md")
_HEAD = """# Environment variables

Generated from the settings classes by `python -m shared.runtime.variables`; [operations.md](operations.md) says what to
do with them. Names have no prefix. A process that cannot be right stops at once with exit code 2 and names the variable.

"""
_FILES = """A value may lie in a file: `NAME_FILE` stands for the content of the file that it names, for every variable below,
unless `NAME` itself is set. That is how secrets are given in containers.

"""
_TABLE = "| variable | value | default | meaning |\n|---|---|---|---|\n"
_KINDS: Mapping[object, str] = {
    str: "text",
    SecretStr: "text, secret",
    Path: "path of a file",
    bool: "`true`, `false`",
    int: "whole number",
    float: "number",
}


def page() -> str:
    """The page as it is committed."""
    common = ServiceSettings.model_fields
    own = {service: _own_fields(settings) for service, settings in settings_classes().items()}
    text = _HEAD + _FILES
    text += "## Every service\n\n" + _TABLE + "".join(_rows(common))
    for name, entry in _entries(common):
        text += f"\n### Each entry of `{name.upper()}`\n\n" + _TABLE + "".join(_rows(entry, upper=False))
    for service, settings in settings_classes().items():
        table = _TABLE + "".join(_rows(own[service])) if own[service] else ""
        text += f"\n## {service}\n\n" + "\n".join(part for part in (_summary(settings), table) if part)
    return text


def settings_classes() -> Mapping[str, type[ServiceSettings]]:
    """The settings class of each service, found by its place: `services/<name>/settings.py`."""
    return {service: _settings_of(service) for service in SERVICES}


def _settings_of(service: str) -> type[ServiceSettings]:
    module = importlib.import_module(f"services.{service}.settings")
    (found,) = [
        value
        for value in vars(module).values()
        if inspect.isclass(value)
        and issubclass(value, ServiceSettings)
        and value.__module__ == module.__name__
    ]
    return found


def _own_fields(settings: type[ServiceSettings]) -> Mapping[str, FieldInfo]:
    common = ServiceSettings.model_fields
    return {name: field for name, field in settings.model_fields.items() if name not in common}


def _summary(settings: type[ServiceSettings]) -> str:
    """The first paragraph of the class's docstring, where it has one of its own."""
    words = inspect.cleandoc(settings.__dict__.get("__doc__") or "").split("\n\n", 1)[0]
    return f"{_line(words).rstrip('.:')}.\n" if words else ""


def _rows(fields: Mapping[str, FieldInfo], *, upper: bool = True) -> Iterator[str]:
    for name, field in fields.items():
        shown = name.upper() if upper else name
        yield f"| `{shown}` | {_kind(field)} | {_default(field)} | {_line(field.description or '')} |\n"


def _entries(fields: Mapping[str, FieldInfo]) -> Iterator[tuple[str, Mapping[str, FieldInfo]]]:
    """Variables that are lists of objects, with the objects' fields."""
    for name, field in fields.items():
        for inner in get_args(field.annotation):
            if inspect.isclass(inner) and issubclass(inner, BaseModel):
                yield name, inner.model_fields


def _kind(field: FieldInfo) -> str:
    annotation = _without_none(field.annotation)
    if get_origin(annotation) is Literal:
        return ", ".join(f"`{choice}`" for choice in get_args(annotation))
    if get_origin(annotation) is list:
        return "JSON list"
    low = next((one.ge for one in field.metadata if isinstance(one, Ge)), None)
    high = next((one.le for one in field.metadata if isinstance(one, Le)), None)
    kind = _KINDS[annotation]
    return kind if low is None and high is None else f"{kind}, {low} to {high}"


def _without_none(annotation: Any) -> Any:
    if get_origin(annotation) not in {Union, UnionType}:
        return annotation
    (kind,) = [one for one in get_args(annotation) if one is not NoneType]
    return kind


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "has to be set"
    value = field.get_default(call_default_factory=True, validated_data={})
    if isinstance(value, SecretStr):
        value = value.get_secret_value()
    if isinstance(value, Enum):
        value = value.value
    if value is None or value == "":
        return "none"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return f"`{value}`"


def _line(text: str) -> str:
    """A docstring within a cell of a table."""
    return " ".join(text.split()).replace("|", "\\|")


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m shared.runtime.variables")
    parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 if the page is old")
    parser.add_argument("file", nargs="?", type=Path, default=PAGE)
    given = parser.parse_args(arguments)
    text = page()
    if not given.check:
        given.file.write_text(text, encoding="utf-8")
        return 0
    if given.file.exists() and given.file.read_text(encoding="utf-8") == text:
        return 0
    sys.stderr.write(f"{given.file} is not what the settings say; run python -m shared.runtime.variables\n")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
