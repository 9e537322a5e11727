"""A worker's personal data: sealed with the worker's own data key, opened only to be shown or used, and recorded."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.casework.workers.tables import Worker, WorkerRead
from shared.database import Keyring, new_id

NAME = ("name",)
CONTACT = ("name", "phone", "email")


@dataclass(frozen=True, slots=True)
class Person:
    name: str
    phone: str | None = None
    email: str | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """Who reads, and for what purpose (a code of the vocabulary `read_purpose`)."""

    reader: str
    purpose: str
    at: datetime


def seal(keyring: Keyring, row: Worker, person: Person) -> None:
    """Put the person's data into the row, encrypted; a row without a key gets one."""
    key = keyring.unwrap(row.data_key) if row.data_key else keyring.new_data_key()
    row.data_key = key.wrapped
    row.name = key.encrypt(person.name, context=_context("name", row.id))
    row.phone = key.encrypt(person.phone, context=_context("phone", row.id)) if person.phone else None
    row.email = key.encrypt(person.email, context=_context("email", row.id)) if person.email else None


def open_sealed(keyring: Keyring, row: Worker, fields: Collection[str] = CONTACT) -> Person:
    """Raises Undecipherable for a row that another key sealed."""
    key = keyring.unwrap(row.data_key)

    def opened(field: str, blob: bytes | None) -> str | None:
        if blob is None or field not in fields:
            return None
        return key.decrypt(blob, context=_context(field, row.id))

    return Person(
        opened("name", row.name) or "", phone=opened("phone", row.phone), email=opened("email", row.email)
    )


def note_reading(
    session: AsyncSession, reading: Reading, fields: Collection[str], ids: Collection[UUID]
) -> None:
    """Record that these workers' data was read, in the transaction that reads it."""
    if ids:
        session.add(
            WorkerRead(
                id=new_id(),
                at=reading.at,
                reader=reading.reader,
                purpose=reading.purpose,
                fields=list(fields),
                workers=sorted(ids),
            )
        )


def _context(field: str, id: UUID) -> str:
    return f"worker.{field}:{id}"
