"""The report of gaps finds what is missing on a real broker, has it sent again by a real service, and sees it come."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from shared.security import Role
from tests.kits.owner import TOPIC, Owner
from tests.kits.running import tool

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(300)]  # several processes each, one of them a JVM


async def test_a_gap_is_found_asked_for_and_filled(owner: Owner, kafka: str, tmp_path: Path) -> None:
    since = datetime.now(UTC).isoformat()
    request = await owner.life()
    report = ["gaps", "--bootstrap-servers", kafka, "--topics", TOPIC, "--from", since]
    found = await tool(*report)
    assert (found.code, f"{TOPIC}  {request}  2" in found.text) == (1, True), found
    assert "1 ranges missing; 0 records that are no events" in found.text

    resend = ["--resend", "--api", owner.url, "--token-file"]
    refused = await tool(*report, *resend, str(owner.token(tmp_path, Role.PORTAL)))
    assert (refused.code, "403 urn:longxi:problem:not-permitted" in refused.text) == (1, True), refused

    filled = await tool(*report, *resend, str(owner.token(tmp_path)))
    assert filled.code == 0, filled
    assert f"{request}  2  asked for, 1 will come" in filled.text
    assert f"{request}  2  has come" in filled.text
    again = await tool(*report)
    assert (again.code, "0 ranges missing" in again.text) == (0, True), again


async def test_what_the_owner_does_not_have_is_said(owner: Owner, kafka: str, tmp_path: Path) -> None:
    since = datetime.now(UTC).isoformat()
    request = await owner.life()
    await owner.running["intake"].admin.execute(
        "DELETE FROM outbox WHERE aggregate = $1 AND sequence = 2", request
    )
    words = ["gaps", "--bootstrap-servers", kafka, "--topics", TOPIC, "--from", since, "--json"]
    report = await tool(*words, "--resend", "--api", owner.url, "--token-file", str(owner.token(tmp_path)))
    assert report.code == 1, report
    first, *_ = report.text.splitlines()
    assert json.loads(first) == {
        "topic": TOPIC,
        "aggregate": str(request),
        "first": 2,
        "last": 2,
        "beginning": False,
    }
    assert "asked for, Longxi has none of it" in report.text


async def test_from_a_later_time_nothing_is_missing(owner: Owner, kafka: str) -> None:
    await owner.life()
    later = (datetime.now(UTC) + timedelta(minutes=1)).isoformat()
    report = await tool("gaps", "--bootstrap-servers", kafka, "--topics", TOPIC, "--from", later)
    assert (report.code, report.text.startswith("0 events of 0 aggregates read")) == (0, True), report


async def test_a_topic_that_is_not_there_is_said(kafka: str, topic: str) -> None:
    report = await tool("gaps", "--bootstrap-servers", kafka, "--topics", topic)
    assert (report.code, "UnknownTopic" in report.text) == (2, True), report
