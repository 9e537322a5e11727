"""Codes as they travel: one of a vocabulary, and nothing else."""

from dataclasses import dataclass
from typing import Any

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from shared.contracts.vocabulary import codes


@dataclass(frozen=True, slots=True)
class OneOf:
    """A code of the vocabulary of this kind; the API's documentation lists them."""

    kind: str

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.literal_schema(list(codes(self.kind)))
