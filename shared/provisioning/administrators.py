"""The administrators' own passwords, changed on the servers. Safe to run again with the same pair."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from urllib.parse import unquote, urlsplit

import asyncpg
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from shared.kafka_access import KafkaAccess
from shared.provisioning.failures import CannotPrepare

_SECONDS = 15.0


async def change_postgres(url: str, new_url: str, password: str) -> None:
    """Of the role that `url` names; where the server has the new one already nothing is done. Raises CannotPrepare."""
    role = unquote(urlsplit(url).username or "")
    try:
        try:
            server = await asyncpg.connect(url, timeout=_SECONDS)
        except asyncpg.InvalidPasswordError:
            server = await asyncpg.connect(new_url, timeout=_SECONDS)
        try:
            # A role's password cannot be a parameter of the statement; format() quotes it on the server.
            statement = await server.fetchval(
                "SELECT format('ALTER ROLE %I PASSWORD %L', $1::text, $2::text)", role, password
            )
            await server.execute(statement)
        finally:
            await server.close()
        await (await asyncpg.connect(new_url, timeout=_SECONDS)).close()
    except (asyncpg.PostgresError, OSError, TimeoutError) as failure:
        raise CannotPrepare(f"PostgreSQL, role {role}: {failure}") from failure


async def change_kafka(servers: str, user: str, old: str, new: str) -> None:
    """By SCRAM, as whoever comes in from the inner network. Raises CannotPrepare."""
    # confluent-kafka is in the operator's image alone.
    from shared.provisioning.kafka import set_passwords  # noqa: PLC0415

    before, after = (KafkaAccess("sasl_plaintext", user, password) for password in (old, new))
    refusal = await _comes_in(servers, before)
    if refusal is None:
        await asyncio.to_thread(set_passwords, servers, before, {user: new})
    elif await _comes_in(servers, after) is not None:
        raise CannotPrepare(f"Kafka at {servers}, user {user}: {refusal}") from refusal
    # A moment passes until each broker has heard of it.
    failure = await _eventually(lambda: _comes_in(servers, after))
    if failure is not None:
        raise CannotPrepare(f"Kafka at {servers}, user {user}: {failure}") from failure


async def _comes_in(servers: str, access: KafkaAccess) -> Exception | None:
    """What went wrong, or None."""
    client = AIOKafkaAdminClient(**access.clients(servers), request_timeout_ms=int(_SECONDS * 1000))
    try:
        await client.start()
    except (KafkaError, OSError, TimeoutError) as failure:
        return failure
    finally:
        await client.close()
    return None


async def _eventually(what: Callable[[], Awaitable[Exception | None]]) -> Exception | None:
    deadline = time.monotonic() + _SECONDS
    while True:
        failure = await what()
        if failure is None or time.monotonic() > deadline:
            return failure
        await asyncio.sleep(0.3)


__all__ = ["change_kafka", "change_postgres"]
