"""The templates that ship with the service: data files, read and checked at start.

A file is `<code>.v<version>.toml`. Words change in a new file with the next version; the old file stays, since the
inbox shows a message in the words in which it was told.
"""

import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType

from services.notifications.preferences.rules import Group
from services.notifications.templates.rules import LANGUAGES, Template, Texts, problems
from services.notifications.templates.words import VOCABULARIES
from shared.contracts.vocabulary import codes

DATA = Path(__file__).parent / "data"


class BadTemplates(Exception):
    """The service does not start: each line of the message says what is wrong with which template."""


class Templates:
    """All templates by code and version."""

    def __init__(self, templates: Iterable[Template]) -> None:
        self._all = {(template.code, template.version): template for template in templates}
        newest: dict[str, Template] = {}
        for (code, _), template in sorted(self._all.items()):
            newest[code] = template
        self._newest: Mapping[str, Template] = MappingProxyType(newest)

    def newest(self, code: str) -> Template:
        """Raises KeyError for a code that no file has."""
        return self._newest[code]

    def version(self, code: str, version: int) -> Template:
        """That version, or the newest where its file has been removed (or comes with a newer release)."""
        return self._all.get((code, version)) or self._newest[code]

    def codes(self) -> frozenset[str]:
        return frozenset(self._newest)

    def all(self) -> list[Template]:
        return list(self._all.values())


def load(folder: Path = DATA) -> Templates:
    """Read every file. Raises BadTemplates that names files and fields."""
    templates: list[Template] = []
    bad: list[str] = []
    for path in sorted(folder.glob("*.toml")):
        try:
            templates.append(_parse(path))
        except (KeyError, TypeError, ValueError) as error:
            bad.append(f"{path.name}: {error}")
    if bad:
        raise BadTemplates("\n".join(bad))
    return Templates(templates)


def check(templates: Templates, facts: Mapping[str, frozenset[str]], *, signature: str) -> None:
    """Prove that every message can be written. `facts` is what the messages of each template have.

    Raises BadTemplates with every problem: a template without a file, a variable that its event lacks, an SMS too
    long, a vocabulary that is missing.
    """
    found = [f"{code}: no template file" for code in sorted(facts.keys() - templates.codes())]
    found += [f"{code}: nobody is told with it" for code in sorted(templates.codes() - facts.keys())]
    for template in templates.all():
        if template.code in facts:
            found += problems(template, facts[template.code], signature=signature)
    for kind in VOCABULARIES:
        try:
            codes(kind)
        except LookupError as error:
            found.append(str(error))
    if found:
        raise BadTemplates("\n".join(found))


def _parse(path: Path) -> Template:
    with path.open("rb") as file:
        table = tomllib.load(file)
    template = Template(
        code=table.pop("code"),
        version=table.pop("version"),
        recipient=table.pop("recipient"),
        group=Group(table.pop("group")),
        texts={language: Texts(**table.pop(language)) for language in LANGUAGES},
    )
    if table:
        raise ValueError(f"unknown: {', '.join(sorted(table))}")
    if path.name != f"{template.code}.v{template.version}.toml":
        raise ValueError("the name of the file is not its code and version")
    if template.recipient not in ("resident", "worker"):
        raise ValueError(f"recipient {template.recipient!r} is neither resident nor worker")
    return template
