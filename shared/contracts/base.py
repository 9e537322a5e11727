"""What every event contract is made of: the base class, and the closed set of field types.

An event may carry pseudonymous ids, codes, times and numbers, and nothing a person could be known by. That is
not a convention but a matter of types: a field is one of the types below, each with its data class, and
`tests/contracts` proves of every contract that it uses nothing else.
"""

from datetime import date
from enum import StrEnum
from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field


class DataClass(StrEnum):
    """How careful one has to be with a field (PIPL articles 28 and 51)."""

    PUBLIC = "public"
    """Says nothing about a person: a code, a count, a time."""
    PSEUDONYMOUS = "pseudonymous"
    """An id that only its owner can turn into a person."""
    SENSITIVE = "sensitive"
    """About health, disability or corrections; only in a restricted topic."""


class Owner(StrEnum):
    """Who publishes an event. Its topic is `<owner>.events`, or `<owner>.restricted` for sensitive facts."""

    INTAKE = "intake"
    CASEWORK = "casework"
    EMPLOYMENT = "employment"
    NOTIFICATIONS = "notifications"
    DISTRICT = "district"


# An id of a person's record or of something that belongs to one.
PersonalId = Annotated[UUID, DataClass.PSEUDONYMOUS]
# An id of a thing: a grid, a vacancy, a policy.
ThingId = Annotated[UUID, DataClass.PUBLIC]
# A word of a closed vocabulary, lower case: `over_cap`, `sms`, `0105`. No room for a name, a phone or a sentence.
Code = Annotated[str, DataClass.PUBLIC, Field(pattern=r"^[a-z0-9][a-z0-9_.-]{0,47}$", max_length=48)]
# A request's number that people read out: six digits of the date, six of the number, a check digit.
Reference = Annotated[str, DataClass.PSEUDONYMOUS, Field(pattern=r"^\d{6}-\d{6}-\d$")]
# The name of a road, building or institution as on its door plate; no room for a flat, a phone or an ID number
# (at most four digits in a row).
PlaceName = Annotated[
    str,
    DataClass.PUBLIC,
    Field(pattern=r"^([0-9]{0,4}[\u4e00-\u9fffA-Za-z])+[0-9]{0,4}$", max_length=24),
]
Moment = Annotated[AwareDatetime, DataClass.PUBLIC]
Day = Annotated[date, DataClass.PUBLIC]
Count = Annotated[int, DataClass.PUBLIC, Field(ge=0)]
Minutes = Annotated[int, DataClass.PUBLIC, Field(ge=0)]
# A number that may be below zero: what something changed by.
Change = Annotated[int, DataClass.PUBLIC]
# Money in fen, hundredths of a yuan.
Fen = Annotated[int, DataClass.PUBLIC, Field(ge=0)]
Share = Annotated[float, DataClass.PUBLIC, Field(ge=0, le=1)]
Flag = Annotated[bool, DataClass.PUBLIC]


class Event(BaseModel):
    """One kind of fact. Subclasses are frozen data with a docstring that says what happened.

    Readers ignore fields they do not know, so an owner may add optional ones; anything else needs a new `version`.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", use_attribute_docstrings=True)

    type: ClassVar[str]
    """`<noun>.<verb-ed>`, e.g. `request.filed`."""
    owner: ClassVar[Owner]
    version: ClassVar[int] = 1
    aggregate: ClassVar[str]
    """The field that holds the aggregate's id: the CloudEvents subject and the Kafka key."""
    consumers: ClassVar[tuple[str, ...]] = ()
    """The services that act on it; the district receives all that is not restricted."""
    restricted: ClassVar[bool] = False

    @classmethod
    def topic(cls) -> str:
        return f"{cls.owner}.{'restricted' if cls.restricted else 'events'}"

    @classmethod
    def dataschema(cls) -> str:
        """The CloudEvents `dataschema`: a URN, since a schema is found in the repository, not on a host."""
        return f"urn:longxi:event:{cls.type}:v{cls.version}"

    def subject(self) -> UUID:
        value = getattr(self, self.aggregate)
        if not isinstance(value, UUID):
            raise TypeError(f"{type(self).__name__}.{self.aggregate} is not an id")
        return value


__all__ = [
    "Change",
    "Code",
    "Count",
    "DataClass",
    "Day",
    "Event",
    "Fen",
    "Flag",
    "Minutes",
    "Moment",
    "Owner",
    "PersonalId",
    "PlaceName",
    "Reference",
    "Share",
    "ThingId",
]
