"""`deploy/kafka/topics.toml` says of each topic and each service what the code says."""

import importlib
from pathlib import Path

import pytest

from shared.contracts.catalogue import EVENTS, SERVICES, TOPICS
from shared.provisioning.declared import Declared
from shared.provisioning.secrets import DISTRICT_USERS, KAFKA_USERS


def test_every_topic_is_declared_and_no_other(declared: Declared) -> None:
    assert set(declared.topics) == set(TOPICS)


def test_every_user_has_a_password_and_no_other(declared: Declared) -> None:
    assert set(declared.users) == set(KAFKA_USERS) - {"admin"}


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_may_do_what_its_code_does(declared: Declared, service: str) -> None:
    rights = declared.users[service]
    consumes = importlib.import_module(f"services.{service}.main").SERVICE.consumes

    assert set(rights.reads) == set(consumes)
    assert set(rights.writes) == {topic for topic in TOPICS if topic.split(".")[0] == service}
    assert rights.groups == (service,)


def test_events_are_written_by_their_owners(declared: Declared) -> None:
    for event in EVENTS:
        writers = {user for user, rights in declared.users.items() if event.topic() in rights.writes}
        assert writers == {event.owner.value}


def test_the_district_sees_nothing_restricted_without_its_own_grant(declared: Declared) -> None:
    district, restricted = (declared.users[user] for user in DISTRICT_USERS)

    assert set(district.reads) == {topic for topic in TOPICS if topic.endswith(".events")}
    assert set(restricted.reads) == {topic for topic in TOPICS if topic.endswith(".restricted")}
    assert district.writes == ("district.events",)
    assert restricted.writes == ()


def test_only_those_from_outside_are_limited(declared: Declared) -> None:
    assert {user for user, rights in declared.users.items() if rights.limits} == set(DISTRICT_USERS)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[topics."a.events"]\npartitions = 0\nretention_days = 1\n[users]', "topics.a.events.partitions"),
        ('[topics."a.events"]\npartitions = 1\nretention_day = 1\n[users]', "topics.a.events"),
        ('[topics]\n[users.x]\nreads = ["b.events"]', "users.x names the topic 'b.events'"),
        ('[topics]\n[users.x]\ngroups = ["*a"]', "users.x.groups"),
        ('[topics]\n[users."X Y"]', "'X Y' is no name"),
        ("[topics]\n[users.x.limits]\nread_bytes_per_second = 0", "users.x.limits"),
        ("[topics", "topics.toml|Expected"),
    ],
)
def test_a_mistake_in_the_list_is_named(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "topics.toml"
    file.write_text(text)

    with pytest.raises(ValueError, match=said):
        Declared.load(file)
