"""Codes as they travel: one of a vocabulary, and nothing else."""

from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import GetCoreSchemaHandler, StringConstraints
from pydantic_core import CoreSchema, core_schema

from shared.contracts.vocabulary import codes, name
from shared.refusals import Language
from shared.web import Model


@dataclass(frozen=True, slots=True)
class OneOf:
    """A code of the vocabulary of this kind; the API's documentation lists them."""

    kind: str

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.literal_schema(list(codes(self.kind)))


Occupation = Annotated[str, OneOf("occupation")]
Skill = Annotated[str, OneOf("job_skill")]
Certificate = Annotated[str, OneOf("certificate")]
Education = Annotated[str, OneOf("education")]
Shift = Annotated[str, OneOf("shift")]
Area = Annotated[str, StringConstraints(pattern=r"^[0-9]{6}([0-9]{3}){0,2}$")]
"""Statistical area code (统计用区划代码): 6 digits of a district, 9 of a street, 12 of a community."""


class Named(Model):
    """A code with its name in the caller's language."""

    code: str
    name: str


def named(kind: str, code: str, language: Language) -> Named:
    return Named(code=code, name=name(kind, code, language))
