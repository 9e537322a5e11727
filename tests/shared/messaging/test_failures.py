"""Which errors pass by themselves, and what of an error may be stored."""

import asyncpg
import pytest
from pydantic import BaseModel, ValidationError
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import InterfaceError as WrappedInterfaceError

from shared.database import Database
from shared.messaging.failures import ERROR_LENGTH, Retry, describe, passing
from shared.messaging.log import LogUnavailable


def wrapped(error: asyncpg.PostgresError) -> DBAPIError:
    return DBAPIError("INSERT … VALUES ('张三')", {"name": "张三"}, error)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        pytest.param(Retry(), True, id="a handler says so"),
        pytest.param(LogUnavailable("away"), True, id="the log is away"),
        pytest.param(ConnectionRefusedError(), True, id="the database is not up"),
        pytest.param(TimeoutError(), True, id="nothing answered in time"),
        pytest.param(wrapped(asyncpg.DeadlockDetectedError("")), True, id="a deadlock"),
        pytest.param(wrapped(asyncpg.SerializationError("")), True, id="a serialization failure"),
        pytest.param(asyncpg.AdminShutdownError(""), True, id="the operator stops the server"),
        pytest.param(asyncpg.InterfaceError("closed"), True, id="a connection that is gone"),
        pytest.param(
            WrappedInterfaceError("SELECT 1", {}, asyncpg.InterfaceError("connection is closed")),
            True,
            id="the same, as SQLAlchemy tells it",
        ),
        pytest.param(wrapped(asyncpg.UniqueViolationError("")), False, id="a row that is there already"),
        pytest.param(wrapped(asyncpg.NumericValueOutOfRangeError("")), False, id="a value that never fits"),
        pytest.param(FileNotFoundError(), False, id="an OSError that is no connection's"),
        pytest.param(ValueError(), False, id="a mistake in the code"),
    ],
)
def test_what_passes_by_itself(error: Exception, expected: bool) -> None:
    assert passing(error) is expected


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param((1,) * 32_768, id="more than a statement may have"),
        pytest.param((), id="one is missing"),
        pytest.param((2**31,), id="it does not fit"),
    ],
)
async def test_what_the_driver_refuses_of_arguments_does_not_pass(
    database: Database, arguments: tuple[int, ...]
) -> None:
    with pytest.raises(DBAPIError) as by_session:
        async with database.transaction("longxi") as session:
            await (await session.connection()).exec_driver_sql("SELECT $1::int", arguments)
    with pytest.raises((asyncpg.InterfaceError, asyncpg.DataError)) as bare:
        await database.statement("SELECT $1::int", *arguments)
    assert (passing(by_session.value), passing(bare.value)) == (False, False)


class Form(BaseModel):
    name: int


def invalid() -> ValidationError:
    with pytest.raises(ValidationError) as refused:
        Form.model_validate({"name": "张三 19900001234"})
    return refused.value


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (ValueError("no '张三' at 19900001234"), "ValueError: no … at #"),
        (ValueError("first line\nDETAIL: Key (phone)=(19900001234)"), "ValueError: first line"),
        (ValueError("Key (name)=(张三) exists"), "ValueError: Key (name)… exists"),
        (ValueError("argument $1: 'Zhang San of the third hou... (no number)"), "ValueError: argument $#: …"),
        (ValueError(), "ValueError"),
        (wrapped(asyncpg.UniqueViolationError("duplicate key")), "UniqueViolationError: duplicate key"),
        (invalid(), "1 errors: name: int_parsing"),
    ],
)
def test_what_is_stored_of_an_error(error: Exception, expected: str) -> None:
    assert describe(error) == expected


def test_it_is_cut() -> None:
    assert len(describe(ValueError("long " * 2000))) == ERROR_LENGTH
