"""The past that is seeded: SQL and Python agree about it, it is valid, and it lies before now."""

from datetime import UTC, datetime

import asyncpg

from services.intake.requests.reference import parse
from shared.database import new_id
from tests.bench.seeding.plan import Plan
from tests.bench.seeding.words import id_of, reference_of

_PLAN = Plan(1_000, 100, 200, [new_id()], [new_id()], datetime.now(UTC))


async def test_sql_and_python_give_the_same_ids(postgres: str) -> None:
    connection = await asyncpg.connect(postgres)
    transaction = connection.transaction()
    await transaction.start()
    await connection.execute(_PLAN.sql("names")[0])
    for n in (1, 7, 999, 1_000):
        row = await connection.fetchrow(
            "SELECT bench.id('request', $1) AS id, bench.resident($1) AS resident, bench.at($1) AS at", n
        )
        assert row["id"] == id_of(_PLAN, "request", n)
        assert row["resident"] == id_of(_PLAN, "resident", n % _PLAN.residents)
        assert round(row["at"].timestamp() * 1000) == _PLAN.ms(n)
    await transaction.rollback()
    await connection.close()


def test_ids_are_of_version_7_and_of_the_time_of_filing() -> None:
    ids = [id_of(_PLAN, "request", n) for n in range(1, 1_001)]
    assert all(one.version == 7 and one.variant == "specified in RFC 4122" for one in ids)
    assert ids == sorted(ids)
    assert ids[-1].int >> 80 < datetime.now(UTC).timestamp() * 1000


def test_every_request_has_a_valid_number_of_its_own() -> None:
    numbers = [reference_of(_PLAN, n) for n in range(1, 1_001)]
    assert len(set(numbers)) == 1_000
    assert [parse(number) for number in numbers] == numbers
