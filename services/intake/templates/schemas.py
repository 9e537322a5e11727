"""What travels about answer templates."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from services.intake.templates.rules import Template
from services.intake.templates.tables import AnswerTemplate, AnswerTemplateVersion
from shared.contracts.intake import Outcome
from shared.web import Model, Text

Category = Annotated[str, Field(pattern=r"^(\d{2}){1,3}$", max_length=6)]
TemplateText = Annotated[str, Text(1500, lines=True)]
"""Shorter than an answer may be, since placeholders grow."""


class TemplateBody(Model):
    title: Annotated[str, Text(80)]
    """For those who choose among templates."""
    zh: TemplateText
    """With the placeholders {reference}, {due} and {category}."""
    en: TemplateText
    category: Category | None = None
    """For requests of this category and all below it; absent for all."""
    outcome: Outcome | None = None
    """For this outcome; absent for all."""

    def template(self) -> Template:
        return Template(self.title, self.zh, self.en, self.category, self.outcome)


class TemplateWritten(Model):
    id: UUID
    version: int


class TemplateRecord(Model):
    id: UUID
    version: int
    title: str
    zh: str
    en: str
    category: str | None
    outcome: Outcome | None
    changed: datetime
    retired: datetime | None

    @classmethod
    def of(cls, row: AnswerTemplate) -> "TemplateRecord":
        return cls(
            id=row.id,
            version=row.version,
            title=row.title,
            zh=row.zh,
            en=row.en,
            category=row.category,
            outcome=None if row.outcome is None else Outcome(row.outcome),
            changed=row.changed,
            retired=row.retired,
        )


class TemplateVersionLine(Model):
    """A template as it was from a moment on."""

    version: int
    title: str
    zh: str
    en: str
    category: str | None
    outcome: Outcome | None
    at: datetime
    role: str
    by: str

    @classmethod
    def of(cls, row: AnswerTemplateVersion) -> "TemplateVersionLine":
        return cls(
            version=row.version,
            title=row.title,
            zh=row.zh,
            en=row.en,
            category=row.category,
            outcome=None if row.outcome is None else Outcome(row.outcome),
            at=row.at,
            role=row.role,
            by=row.actor,
        )


class Rendered(Model):
    """A template's words for one request, to be looked through before they are sent."""

    template: UUID
    version: int
    request: UUID
    zh: str
    en: str
    fits: bool
    """The template is meant for requests of this category."""
