"""Makes Kafka what the declared list says: topics, users' passwords, rights. Safe to run again at any time.

Through librdkafka's admin client, since aiokafka's knows neither users nor rights.
"""

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, cast

from confluent_kafka import KafkaException
from confluent_kafka.admin import (
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewTopic,
    ResourcePatternType,
    ResourceType,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialAlteration,
    UserScramCredentialUpsertion,
)

from shared.kafka_access import MECHANISM, KafkaAccess
from shared.provisioning.declared import Declared, Topic, User
from shared.provisioning.failures import CannotPrepare

_SECONDS = 30.0
_ITERATIONS = 8192
"""Of SCRAM's hash; Kafka's own default is 4096, the least that RFC 7677 allows. The passwords are random, so it guards nothing more."""


@dataclass(frozen=True, slots=True)
class Copies:
    replication: int = 1
    min_insync: int = 1
    """Copies that have to have a record before it counts as written."""


def apply(
    servers: str,
    access: KafkaAccess,
    declared: Declared,
    copies: Copies,
    passwords: Mapping[str, str],
    *,
    patience: float = _SECONDS,
) -> list[str]:
    """Returns what it changed and what it found otherwise than declared, a line each.

    `passwords` by user; one without is left as it is. `patience` in seconds, for the first answer. Raises
    CannotPrepare.
    """
    try:
        admin = AdminClient(_settings(servers, access))
        there = admin.list_topics(timeout=patience).topics
        said = _make_topics(admin, declared.topics, set(there), copies)
        said += [
            f"topic {name} has {len(there[name].partitions)} partitions and {topic.partitions} are declared: left as it is"
            for name, topic in declared.topics.items()
            if name in there and len(there[name].partitions) != topic.partitions
        ]
        _configure(admin, declared.topics, copies)
        _set_passwords(admin, passwords)
        said += _grant(admin, declared.users)
    except KafkaException as failure:
        raise CannotPrepare(f"Kafka at {servers}: {failure.args[0]}") from failure
    return said


def set_passwords(servers: str, access: KafkaAccess, passwords: Mapping[str, str]) -> None:
    """By user. Raises CannotPrepare."""
    try:
        _set_passwords(AdminClient(_settings(servers, access)), passwords)
    except KafkaException as failure:
        raise CannotPrepare(f"Kafka at {servers}: {failure.args[0]}") from failure


def _settings(servers: str, access: KafkaAccess) -> dict[str, Any]:
    settings: dict[str, Any] = {
        "bootstrap.servers": servers,
        "security.protocol": access.security,
        "socket.timeout.ms": 10_000,
    }
    if access.by_password:
        settings |= {
            "sasl.mechanism": MECHANISM,
            "sasl.username": access.username,
            "sasl.password": access.password,
        }
    if access.ca_file:
        settings["ssl.ca.location"] = str(access.ca_file)
    return settings


def _make_topics(
    admin: AdminClient, topics: Mapping[str, Topic], there: set[str], copies: Copies
) -> list[str]:
    missing = [
        NewTopic(name, topic.partitions, copies.replication, config=dict(_config(topic, copies)))
        for name, topic in topics.items()
        if name not in there
    ]
    if not missing:
        return []
    _settle(admin.create_topics(missing, operation_timeout=_SECONDS).values())
    return [f"topic {new.topic} made with {new.num_partitions} partitions" for new in missing]


def _config(topic: Topic, copies: Copies) -> Mapping[str, str]:
    return {
        # The log's own clock, so that a replayed record is as young as its copy.
        "message.timestamp.type": "LogAppendTime",
        "retention.ms": str(int(timedelta(days=topic.retention_days).total_seconds() * 1000)),
        "cleanup.policy": topic.cleanup,
        "min.insync.replicas": str(copies.min_insync),
    }


def _configure(admin: AdminClient, topics: Mapping[str, Topic], copies: Copies) -> None:
    resources = [
        ConfigResource(
            ConfigResource.Type.TOPIC,
            name,
            incremental_configs=[
                ConfigEntry(key, value, incremental_operation=AlterConfigOpType.SET)
                for key, value in _config(topic, copies).items()
            ],
        )
        for name, topic in topics.items()
    ]
    _settle(admin.incremental_alter_configs(resources).values())


def _set_passwords(admin: AdminClient, passwords: Mapping[str, str]) -> None:
    if not passwords:
        return
    how = ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, _ITERATIONS)
    wanted: list[UserScramCredentialAlteration] = [
        UserScramCredentialUpsertion(user, how, password.encode()) for user, password in passwords.items()
    ]
    _settle(admin.alter_user_scram_credentials(wanted).values())


def _grant(admin: AdminClient, users: Mapping[str, User]) -> list[str]:
    """Adds what is missing, and takes what is not declared from the users that are."""
    wanted = {key: binding for user, rights in users.items() for key, binding in _bindings(user, rights)}
    any_of_them = AclBindingFilter(
        ResourceType.ANY,
        cast("str", None),  # None stands for any; the annotations do not know it
        ResourcePatternType.ANY,
        cast("str", None),
        cast("str", None),
        AclOperation.ANY,
        AclPermissionType.ANY,
    )
    found = admin.describe_acls(any_of_them, request_timeout=_SECONDS).result()
    ours = {f"User:{user}" for user in users}
    there = {_key(binding): binding for binding in found if binding.principal in ours}
    missing = [binding for key, binding in wanted.items() if key not in there]
    too_many = [binding for key, binding in there.items() if key not in wanted]
    if missing:
        _settle(admin.create_acls(missing, request_timeout=_SECONDS).values())
    if too_many:
        filters = [
            AclBindingFilter(
                one.restype,
                one.name,
                one.resource_pattern_type,
                one.principal,
                one.host,
                one.operation,
                one.permission_type,
            )
            for one in too_many
        ]
        _settle(admin.delete_acls(filters, request_timeout=_SECONDS).values())
    return [
        *([f"{len(missing)} rights granted"] if missing else []),
        *([f"{len(too_many)} rights taken"] if too_many else []),
    ]


def _bindings(user: str, rights: User) -> Iterable[tuple[tuple[Any, ...], AclBinding]]:
    for topic in rights.writes:
        # To write with idempotence needs no right of its own since Kafka 3.0 (KIP-679).
        for operation in (AclOperation.WRITE, AclOperation.DESCRIBE):
            yield _binding(user, ResourceType.TOPIC, topic, operation)
    for topic in rights.reads:
        for operation in (AclOperation.READ, AclOperation.DESCRIBE):
            yield _binding(user, ResourceType.TOPIC, topic, operation)
    for group in rights.groups:
        for operation in (AclOperation.READ, AclOperation.DESCRIBE):
            yield _binding(user, ResourceType.GROUP, group, operation)


def _binding(
    user: str, kind: ResourceType, name: str, operation: AclOperation
) -> tuple[tuple[Any, ...], AclBinding]:
    pattern = ResourcePatternType.LITERAL
    if name.endswith("*") and name != "*":
        name, pattern = name[:-1], ResourcePatternType.PREFIXED
    binding = AclBinding(kind, name, pattern, f"User:{user}", "*", operation, AclPermissionType.ALLOW)
    return _key(binding), binding


def _key(binding: AclBinding) -> tuple[Any, ...]:
    return (
        binding.restype,
        binding.name,
        binding.resource_pattern_type,
        binding.principal,
        binding.host,
        binding.operation,
        binding.permission_type,
    )


def _settle(answers: Iterable[Future[Any]]) -> Sequence[Any]:
    return [answer.result(timeout=_SECONDS) for answer in answers]


__all__ = ["Copies", "apply", "set_passwords"]
