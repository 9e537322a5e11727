"""Residents with their keys, and requests with their words: encrypted as intake does it, so that each can be read."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from hashlib import md5
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg

from services.intake.requests.reference import CAPACITY, check_digit
from services.intake.residents.keys import Holder
from shared.database import Keyring
from tests.bench.seeding.plan import Plan

_LOCAL = ZoneInfo("Asia/Shanghai")
_SUBJECT = "路灯不亮"
_BODY = "路灯坏了三天，晚上走路看不清，老人和孩子都不敢出门，请尽快派人来看一看，谢谢。"
_CHUNK = 20_000
TENANT = "longxi"


def reference_of(plan: Plan, n: int) -> str:
    """As `services.intake.requests.reference` writes them; unique, since no day has a million.

    Of the day before: the numbers of this day are for those that are filed while it is measured.
    """
    filed = datetime.fromtimestamp(plan.ms(n) / 1000, UTC).astimezone(_LOCAL)
    day = (filed - timedelta(days=1)).strftime("%y%m%d")
    digits = f"{n % CAPACITY:06d}"
    return f"{day}-{digits}-{check_digit(day + digits)}"


def id_of(plan: Plan, kind: str, n: int) -> UUID:
    """As `bench.id` in SQL."""
    digest = md5(f"{kind}{n}".encode(), usedforsecurity=False).hexdigest()
    return UUID(f"{plan.ms(n):012x}7{digest[13:16]}8{digest[17:]}")


async def write_references(admin: "asyncpg.Connection[asyncpg.Record]", plan: Plan) -> None:
    rows = ((n, reference_of(plan, n)) for n in range(1, plan.requests + 1))
    await admin.copy_records_to_table("reference", schema_name="bench", records=rows)
    await admin.execute("ANALYZE bench.reference")


async def write_residents(
    admin: "asyncpg.Connection[asyncpg.Record]", plan: Plan, keyring: Keyring
) -> list[Holder]:
    """Their rows and keys. Those of even numbers have no phone: their messages go to the inbox, at any hour."""
    holders = [
        Holder(id_of(plan, "resident", n), keyring.new_data_key(), None) for n in range(plan.residents)
    ]
    people = (_resident(plan, keyring, n, holder) for n, holder in enumerate(holders))
    columns = ("tenant", "id", "name", "phone", "phone_index", "language", "version", "created")
    await admin.copy_records_to_table("resident", columns=columns, records=people)
    keys = ((TENANT, holder.resident, holder.key.wrapped) for holder in holders)
    await admin.copy_records_to_table("resident_key", columns=("tenant", "resident", "wrapped"), records=keys)
    return holders


def _resident(plan: Plan, keyring: Keyring, n: int, holder: Holder) -> tuple[object, ...]:
    name = holder.seal("resident", holder.resident, "name", f"居民{n}")
    phone = index = None
    if n % 2:
        number = f"+86199{n:08d}"
        phone = holder.seal("resident", holder.resident, "phone", number)
        index = keyring.blind_index(number, purpose="resident.phone")
    at = datetime.fromtimestamp(plan.ms(n) / 1000, UTC)
    return TENANT, holder.resident, name, phone, index, "zh", 1, at


async def write_words(admin: "asyncpg.Connection[asyncpg.Record]", plan: Plan, holders: list[Holder]) -> None:
    columns = ("tenant", "request", "subject", "body", "address")
    for first in range(1, plan.requests + 1, _CHUNK):
        rows = list(_words(plan, holders, first, min(first + _CHUNK, plan.requests + 1)))
        await admin.copy_records_to_table("request_text", columns=columns, records=rows)


def _words(plan: Plan, holders: list[Holder], first: int, end: int) -> Iterator[tuple[object, ...]]:
    for n in range(first, end):
        holder, id = holders[n % plan.residents], id_of(plan, "request", n)
        address = f"龙溪花园{n % 50}栋"
        yield (
            TENANT,
            id,
            holder.seal("request", id, "subject", _SUBJECT),
            holder.seal("request", id, "body", _BODY),
            holder.seal("request", id, "address", address),
        )
