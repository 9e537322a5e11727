"""What is said of workers over HTTP."""

from datetime import date
from typing import Annotated
from uuid import UUID

from pydantic import Field

from services.casework.wire import OneOf
from services.casework.workers.actions import Details
from services.casework.workers.personal import Person
from services.casework.workers.rules import MOST_WEEKLY_HOURS, STANDARD_WEEKLY_HOURS, Gender
from services.casework.workers.tables import Worker, WorkerAbsence
from shared.web.wire import Day, Model, Text

PHONE = r"^\+?[0-9][0-9 -]{4,18}[0-9]$"
EMAIL = r"^[^@\s]{1,64}@[^@\s]{1,190}$"


class WorkerBody(Model):
    """A worker as the head registers one."""

    staff_number: Annotated[str, Field(pattern=r"^[0-9A-Za-z-]{1,32}$")]
    """工号, unique in the community."""
    name: Annotated[str, Text(40)]
    phone: Annotated[str, Field(pattern=PHONE)] | None = None
    email: Annotated[str, Field(pattern=EMAIL, max_length=254)] | None = None
    language: Annotated[str, Field(pattern="^(zh|en)$")] = "zh"
    """In which the worker is written to."""
    gender: Gender | None = None
    weekly_hours: Annotated[int, Field(ge=1, le=MOST_WEEKLY_HOURS)] = STANDARD_WEEKLY_HOURS
    skills: list[Annotated[str, Field(pattern=r"^[0-9a-z][0-9a-z_.-]*$", max_length=48)]] = Field(
        default=[], max_length=50
    )
    """Category codes of 2 or 4 digits, or codes of the vocabulary `worker_skill`."""
    account: Annotated[str, Text(255)] | None = None
    """The `sub` of the worker's tokens; left out, it is the worker's id."""

    def details(self, *, active: bool = True) -> Details:
        return Details(
            staff_number=self.staff_number,
            person=Person(self.name, self.phone, self.email),
            weekly_hours=self.weekly_hours,
            skills=tuple(self.skills),
            gender=self.gender,
            language=self.language,
            active=active,
            account=self.account,
        )


class WorkerChange(WorkerBody):
    """The whole of a worker, anew."""

    active: bool = True


class WorkerChanged(Model):
    id: UUID
    version: int


class AbsenceBody(Model):
    """Both days included."""

    first_day: Day
    last_day: Day
    reason: Annotated[str, OneOf("absence_reason")]


class AbsenceEnd(Model):
    last_day: Day


class Absence(Model):
    id: UUID
    first_day: date
    last_day: date
    reason: str


class WorkerLine(Model):
    """A colleague in the list."""

    id: UUID
    staff_number: str
    name: str
    gender: str | None
    weekly_hours: int
    skills: list[str]
    active: bool


class WorkerRecord(WorkerLine):
    """All that is kept of a worker. The ETag is the version, for If-Match when changing it."""

    phone: str | None
    email: str | None
    language: str
    account: str
    open_cases: int
    open_minutes: int
    absences: list[Absence]
    """Current and coming ones."""


class ContactsWanted(Model):
    purpose: Annotated[str, OneOf("worker_read_purpose")]
    """Recorded with the reading."""
    workers: Annotated[list[UUID], Field(min_length=1, max_length=200)]


class Contact(Model):
    worker: UUID
    name: str
    phone: str | None
    email: str | None
    language: str


class Contacts(Model):
    """Unknown ids are left out."""

    contacts: list[Contact]


class Load(Model):
    """What a worker carries. Minutes; `ratio` is open work as a share of the week."""

    worker: UUID
    staff_number: str
    name: str
    active: bool
    absent: bool
    open_cases: int
    open_minutes: int
    weekly_hours: int
    ratio: float
    cap_minutes: int
    overloaded: bool


class Workload(Model):
    day: date
    policy: str
    items: list[Load]
    """The highest ratio first."""
    waiting: int
    """Cases that are with nobody."""


def line(row: Worker, person: Person) -> WorkerLine:
    return WorkerLine(
        id=row.id,
        staff_number=row.staff_number,
        name=person.name,
        gender=row.gender,
        weekly_hours=row.weekly_minutes // 60,
        skills=list(row.skills),
        active=row.active,
    )


def absence(row: WorkerAbsence) -> Absence:
    return Absence(id=row.id, first_day=row.first_day, last_day=row.last_day, reason=row.reason)
