"""What Kafka gives to a user in a second, as the declared list says. Safe to run again at any time.

A quota holds for each broker by itself. Who goes beyond is answered later, never refused. Neither of our clients
knows how quotas are set (KIP-546), so the request is written here, in aiokafka's own words; version 0 of it is taken by every
Kafka from 2.6.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError, NoError, for_code
from aiokafka.protocol.admin import DescribeClientQuotasRequest
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import Array, Boolean, Float64, Int16, Int32, Schema, String

from shared.kafka_access import KafkaAccess
from shared.provisioning.declared import Limits, User
from shared.provisioning.failures import CannotPrepare

_USER = "user"
_ANY_NAME = 2  # of DescribeClientQuotas: whatever has a name, not the default of those that have none
_TIMEOUT_MS = 30_000

Quotas = Mapping[str, float]
"""By Kafka's own names."""


class _AlterResponse(Response):  # type: ignore[misc]  # aiokafka has no types
    API_KEY = 49
    API_VERSION = 0
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        (
            "entries",
            Array(
                ("error_code", Int16),
                ("error_message", String()),
                ("entity", Array(("entity_type", String()), ("entity_name", String()))),
            ),
        ),
    )


class _AlterStruct(RequestStruct):  # type: ignore[misc]
    API_KEY = 49
    API_VERSION = 0
    RESPONSE_TYPE = _AlterResponse
    SCHEMA = Schema(
        (
            "entries",
            Array(
                ("entity", Array(("entity_type", String()), ("entity_name", String()))),
                ("ops", Array(("key", String()), ("value", Float64), ("remove", Boolean))),
            ),
        ),
        ("validate_only", Boolean),
    )


class _Alter(Request[_AlterStruct]):  # type: ignore[misc]
    API_KEY = 49

    def __init__(self, changes: Mapping[str, Mapping[str, float | None]]) -> None:
        self._changes = changes

    def build(self, request_struct_class: type[_AlterStruct]) -> _AlterStruct:
        entries = [
            ([(_USER, user)], [(key, value or 0.0, value is None) for key, value in quotas.items()])
            for user, quotas in self._changes.items()
        ]
        return request_struct_class(entries, False)


async def limit(servers: str, access: KafkaAccess, users: Mapping[str, User]) -> list[str]:
    """Sets what is declared, and takes from these users what is not. Returns what it changed, a line each.

    Raises CannotPrepare.
    """
    admin = AIOKafkaAdminClient(**access.clients(servers), request_timeout_ms=_TIMEOUT_MS)
    try:
        await admin.start()
        there = await _described(admin)
        changes = {
            user: change
            for user, rights in users.items()
            if (change := _change(there.get(user, {}), quotas(rights.limits)))
        }
        if changes:
            answer: Any = await admin._send_request(_Alter(changes))
            for code, message, _ in answer.entries:
                _raise(code, message)
    except (KafkaError, OSError, TimeoutError) as failure:
        raise CannotPrepare(f"Kafka at {servers}: {failure}") from failure
    finally:
        await admin.close()
    return [f"limits of {user} changed" for user in changes]


async def limits_there(servers: str, access: KafkaAccess) -> Mapping[str, Quotas]:
    """What Kafka has, by user. Raises KafkaError, OSError."""
    admin = AIOKafkaAdminClient(**access.clients(servers), request_timeout_ms=_TIMEOUT_MS)
    try:
        await admin.start()
        return await _described(admin)
    finally:
        await admin.close()


def quotas(limits: Limits | None) -> Quotas:
    if limits is None:
        return {}
    return {
        "consumer_byte_rate": float(limits.read_bytes_per_second),
        "producer_byte_rate": float(limits.write_bytes_per_second),
        "request_percentage": float(limits.request_percent),
    }


async def _described(admin: AIOKafkaAdminClient) -> Mapping[str, Quotas]:
    answer: Any = await admin._send_request(
        DescribeClientQuotasRequest([(_USER, _ANY_NAME, None)], strict=True)
    )
    _raise(answer.error_code, answer.error_message)
    found: Iterable[tuple[list[tuple[str, str]], list[tuple[str, float]]]] = answer.entries or []
    return {entity[0][1]: dict(values) for entity, values in found}


def _change(there: Quotas, wanted: Quotas) -> Mapping[str, float | None]:
    """None for one that is taken away."""
    return {
        **{key: value for key, value in wanted.items() if there.get(key) != value},
        **{key: None for key in there if key not in wanted},
    }


def _raise(code: int, message: str | None) -> None:
    error = for_code(code)
    if error is not NoError:
        raise error(message or "")


__all__ = ["limit", "limits_there", "quotas"]
