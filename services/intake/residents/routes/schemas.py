"""What travels about residents."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from services.intake.residents.actions import Contact, ExternalReference, Profile
from services.intake.residents.identity import Identity
from services.intake.residents.rules import Gender
from services.intake.wire import Code, Source
from shared.web import Model, PastDay, Text, Whole


class ExternalBody(Model):
    """The resident's number in another system."""

    source: Source
    ref: Annotated[str, Text(64)]

    def reference(self) -> ExternalReference:
        return ExternalReference(self.source, self.ref)


class ContactBody(Model):
    """How a resident is called and reached; what is absent is not known."""

    name: Annotated[str, Text(64)] | None = None
    phone: Annotated[str, Text(32)] | None = None
    email: Annotated[str, Text(254)] | None = None
    address: Annotated[str, Text(200)] | None = None
    language: Literal["zh", "en"] = "zh"

    def contact(self) -> Contact:
        return Contact(self.name, self.phone, self.email, self.address, self.language)


class NewResident(ContactBody):
    """A resident who is not registered yet."""

    gender: Gender | None = None
    birth_year: Whole | None = None
    birth_date: PastDay | None = None
    id_number: Annotated[str, Text(32)] | None = None
    """Resident identity number (GB 11643-1999), 18 characters; gender and date of birth follow from it."""
    external: ExternalBody | None = None

    def profile(self) -> Profile:
        gender = None if self.gender is None else self.gender.value
        return Profile(self.contact(), gender, self.birth_year, self.birth_date, self.id_number)


class IdentityBody(Model):
    """Who somebody is; what is absent is not known. What is given has to agree."""

    gender: Gender | None = None
    birth_year: Whole | None = None
    birth_date: PastDay | None = None
    id_number: Annotated[str, Text(32)] | None = None

    def identity(self) -> Identity:
        gender = None if self.gender is None else self.gender.value
        return Identity(self.id_number, gender, self.birth_date, self.birth_year)


class IdNumberAnswer(Model):
    id: UUID
    id_number: str | None


class ResidentId(Model):
    id: UUID


class ContactChanged(Model):
    id: UUID
    version: int


class ResidentRecord(Model):
    """All that is held of a resident."""

    id: UUID
    name: str | None
    phone: str | None
    email: str | None
    address: str | None
    language: str
    gender: Gender | None
    birth_year: int | None
    birth_date: date | None
    id_number: str | None
    """With twelve of its characters hidden, save for the resident's own eyes; whole at `/id-number`."""
    merged_into: UUID | None
    """The record of the same person that is kept."""
    created: datetime
    version: int


class FindResident(Model):
    """Exactly one of the three. A POST, since none of them may stand in an address."""

    phone: Annotated[str, Text(32)] | None = None
    id_number: Annotated[str, Text(32)] | None = None
    external: ExternalBody | None = None


class Found(Model):
    residents: list[UUID]
    """Oldest first; several may share a telephone."""


class ContactsWanted(Model):
    purpose: Code
    """Of the vocabulary `read_purpose`; the resident sees it."""
    residents: list[UUID] = Field(min_length=1, max_length=200)


class ContactLine(Model):
    resident: UUID
    name: str | None
    phone: str | None
    email: str | None
    language: str


class Contacts(Model):
    contacts: list[ContactLine]
    """Without those who are unknown or erased."""
    without_consent: list[UUID] = Field(default_factory=list)
    """Whose consent this purpose needs and does not have: they are not in `contacts`."""
