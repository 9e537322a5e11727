"""How Open311's services, states, times and lists stand to ours."""

from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.open311.attributes import Attribute, Datatype, shown, wrong
from services.intake.open311.formats import Answer, written
from services.intake.open311.refusals import DatesReversed, SpanTooLong, UnknownStatus, WrongDate
from services.intake.open311.rules import (
    CLOSED_STATES,
    SPAN,
    Status,
    listed,
    moment,
    period,
    service_code_of,
    services,
    states_of,
    status_of,
    statuses,
)
from services.intake.open_data.rules import WITHHELD, Publishing
from services.intake.requests.rules import State
from services.intake.requests.tables import RESTING
from shared.contracts.vocabulary import codes
from shared.refusals import Refusal

NOW = datetime(2026, 11, 18, 2, 0, tzinfo=UTC)


def test_what_rests_is_closed_and_everything_else_is_open() -> None:
    assert set(RESTING) == CLOSED_STATES
    assert {state for state in State if status_of(state) is Status.OPEN} == set(State) - CLOSED_STATES


def test_the_services_are_the_taxonomys_first_two_levels_without_what_is_withheld() -> None:
    every = services(())
    assert len(every) == sum(len(code) <= 4 for code in codes("category"))
    assert {service.group for service in every.values()} == {
        names[0] for code, names in codes("category").items() if len(code) == 2
    }
    shown_ones = services(WITHHELD)
    assert not [code for code in shown_ones if code.startswith(WITHHELD)]
    assert every["0102"].name == "城市建设和市政管理"
    assert "环境卫生" in every["0102"].keywords
    assert every["0109"].name == "其他（城乡建设）", "an `other` says of what"
    assert len({service.name for service in every.values()}) >= len(every) - 3, "hardly any name twice"


@pytest.mark.parametrize(
    ("category", "service"), [("01", "01"), ("0102", "0102"), ("010214", "0102")], ids=str
)
def test_a_category_belongs_to_the_service_of_its_second_level(category: str, service: str) -> None:
    assert service_code_of(category) == service


@pytest.mark.parametrize(
    ("values", "found", "reason"),
    [
        (["a,b", "c"], ("a", "b", "c"), "several times, and with commas"),
        (["", " , "], (), "empty is as if it were not there"),
        (["a", "a"], ("a",), "once is enough"),
    ],
)
def test_lists_of_parameters(values: list[str], found: tuple[str, ...], reason: str) -> None:
    assert listed(values) == found, reason


def test_statuses_default_to_all() -> None:
    assert statuses(()) == {Status.OPEN, Status.CLOSED}
    assert set(states_of(statuses(()))) == set(State)
    assert set(states_of(statuses(("closed",)))) == CLOSED_STATES
    with pytest.raises(UnknownStatus):
        statuses(("pending",))


@pytest.mark.parametrize(
    ("start", "end", "since", "until"),
    [
        (None, None, NOW - SPAN, NOW),
        ("2026-01-01T00:00:00Z", None, datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC)),
        (None, "2026-04-01T00:00:00Z", datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC)),
        (
            "2026-11-01T08:00:00+08:00",
            "2026-11-02T00:00:00Z",
            datetime(2026, 11, 1, tzinfo=UTC),
            datetime(2026, 11, 2, tzinfo=UTC),
        ),
    ],
)
def test_the_range_is_ninety_days(
    start: str | None, end: str | None, since: datetime, until: datetime
) -> None:
    assert period(start, end, NOW) == (since, until)


@pytest.mark.parametrize(
    ("start", "end", "refusal"),
    [
        ("2026-01-01T00:00:00Z", "2026-04-01T00:00:01Z", SpanTooLong),
        ("2026-01-02T00:00:00Z", "2026-01-01T00:00:00Z", DatesReversed),
        ("2026-01-01T00:00:00", None, WrongDate),
        ("yesterday", None, WrongDate),
        ("0001-01-01T00:00:00Z", None, WrongDate),
    ],
)
def test_a_wrong_range_is_refused(start: str, end: str | None, refusal: type[Refusal]) -> None:
    with pytest.raises(refusal):
        period(start, end, NOW)


def test_the_plus_of_a_zone_may_arrive_as_a_space() -> None:
    assert moment("2026-01-01T08:00:00 08:00", field="start_date") == datetime(2026, 1, 1, tzinfo=UTC)


@given(
    st.datetimes(datetime(1971, 1, 1), datetime(2100, 1, 1)),  # noqa: DTZ001 - Hypothesis wants them bare
    st.integers(0, SPAN.days),
)
def test_whatever_the_range_it_is_never_longer_than_ninety_days(start: datetime, days: int) -> None:
    given_start = start.replace(tzinfo=UTC)
    text = given_start.isoformat()
    for since, until in (period(text, None, NOW), period(None, text, NOW)):
        assert since <= until <= since + SPAN
    end = given_start + timedelta(days=days)
    assert period(given_start.isoformat(), end.isoformat(), NOW) == (given_start, end)


LIGHTS = Attribute("lights", Datatype.SEVERAL, "Which", required=True, values={"a": "A", "b": "B"})
SINCE = Attribute("since", Datatype.DATETIME, "Since when")
COUNT = Attribute("count", Datatype.NUMBER, "How many")
LINE = Attribute("line", Datatype.STRING, "Line")
HOUSE = Attribute("house", Datatype.ONE, "House", values={"1": "One"})
TOLD = Attribute("told", Datatype.STRING, "Only told", asked=False)


@pytest.mark.parametrize(
    ("answers", "found", "reason"),
    [
        ({"lights": ("a", "b")}, [], "several of a list"),
        ({}, ["attribute-missing"], "required"),
        ({"lights": ("c",)}, ["attribute-wrong"], "not one of the list"),
        ({"lights": ("a",), "since": ("2026-01-01T00:00:00Z",)}, [], "a time"),
        ({"lights": ("a",), "since": ("soon",)}, ["attribute-wrong"], "no time"),
        ({"lights": ("a",), "count": ("2.5",)}, [], "a number"),
        ({"lights": ("a",), "count": ("nan",)}, ["attribute-wrong"], "no number"),
        ({"lights": ("a",), "house": ("1", "1")}, ["attribute-wrong"], "two of a list of one"),
        ({"lights": ("a",), "line": ("a\nb",)}, ["attribute-wrong"], "a string has no line breaks"),
        ({"lights": ("a",), "other": ("1",)}, ["attribute-unknown"], "not asked"),
        ({"lights": ("a",), "told": ("1",)}, ["attribute-unknown"], "only told"),
    ],
)
def test_answers_are_checked_by_their_definition(
    answers: dict[str, tuple[str, ...]], found: list[str], reason: str
) -> None:
    attributes = (LIGHTS, SINCE, COUNT, LINE, HOUSE, TOLD)
    assert [refusal.type for refusal in wrong(attributes, answers)] == found, reason


def test_both_formats_say_the_same() -> None:
    """The Spark convention: JSON leaves out the root, and the names of what is repeated."""
    definition = {"service_code": "0102", "attributes": [shown(LIGHTS, 1), shown(SINCE, 2)]}
    root = ElementTree.fromstring(  # noqa: S314 - we wrote it
        written(Answer("service_definition", definition), "xml")
    )
    assert root.tag == "service_definition"
    assert [each.findtext("code") for each in root.findall("attributes/attribute")] == ["lights", "since"]
    assert root.findtext("attributes/attribute/required") == "true"
    assert [each.findtext("key") for each in root.findall(".//values/value")] == ["a", "b"]
    assert written(Answer("services", []), "json") == b"[]"
    assert written(Answer("services", []), "xml").startswith(b"<?xml version='1.0' encoding='utf-8'?>")


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"open311": {"enabled": 1}}, "open311.enabled"),
        ({"open311": {"jurisdiction": 5}}, "open311.jurisdiction"),
        ({"open_data": {"least": 1}}, "open_data.least"),
        ({"open_data": {"withheld": ["77"]}}, "open_data.withheld"),
        ({"open_data": {"rows": 5}}, "rows"),
    ],
)
def test_a_wrong_setting_is_named(settings: dict[str, object], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        Publishing.of(settings)


def test_by_default_requests_are_shown_without_what_is_sensitive_and_no_list_is_offered() -> None:
    policy = Publishing.of({})
    assert policy.open311
    assert not policy.open_data
    assert policy.shows("0102")
    assert not policy.shows("0505")
    assert not policy.shows("020401")
    assert not policy.shows(None)
