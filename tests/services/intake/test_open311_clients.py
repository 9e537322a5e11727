"""Clients that others wrote drive the endpoint over HTTP: civicbot (MIT) reads and files, georeport (Apache-2.0) reads, in
JSON and in XML. Neither was written for us, and nothing of them is changed."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from civicbot.http import HttpError, HttpTransport, RateLimiter
from civicbot.open311 import Open311Client
from civicbot.registry import Endpoint
from georeport import GeoReport

from shared.testing.serving import serving
from tests.services.intake.channels import make_intake
from tests.services.intake.conftest import Intake, grid
from tests.services.intake.open311 import ask, two

__all__ = ["make_intake", "two"]


@pytest.fixture
async def url(two: Intake) -> AsyncIterator[str]:
    async with serving(two.app) as base:
        yield f"{base}/open311/v2"


def civicbot(url: str) -> Open311Client:
    endpoint = Endpoint(id="longxi", name="龙溪社区", base_url=url, write=True)
    return Open311Client(endpoint, HttpTransport(rate_limiter=RateLimiter(0.0)), jurisdiction_id="longxi")


async def test_civicbot_lists_files_and_follows(two: Intake, url: str) -> None:
    await ask(two)
    await two.receive(grid(("龙溪花园3栋",), catch_all=True))
    key = await two.key("requests:file")

    def drive() -> tuple[Any, Any, Any, Any]:
        client = civicbot(url)
        filed = client.create_request(
            "0102",
            dry_run=False,
            confirm="SEND",
            api_key=key,
            # It checks what it sends against our own list and definition.
            validate_remote=True,
            address_string="龙溪花园3栋2单元",
            lat=30.27415,
            lng=120.15515,
            description="楼道灯坏了",
            first_name="三",
            last_name="张",
            phone="19900001234",
            attributes={"lamp": "stair", "many": 3},
        )
        (told,) = filed.response
        id = told["service_request_id"]
        return (
            told,
            client.get_request(id),
            client.list_requests(service_code="0102", status="open"),
            client.list_requests(service_request_ids=[id]),
        )

    told, one, several, chosen = await asyncio.to_thread(drive)
    assert one["service_request_id"] == told["service_request_id"]
    assert (one["status"], one["address"], one["description"]) == ("open", "龙溪花园3栋", None)
    assert several == chosen == [one]
    record = await two.read(told["service_request_id"])
    assert record["body"] == "楼道灯坏了"
    assert {each["key"]: each["value"] for each in record["answers"]} == {"lamp": "stair", "many": 3}


async def test_civicbot_is_told_what_is_wrong(two: Intake, url: str) -> None:
    def drive() -> HttpError:
        with pytest.raises(HttpError) as refused:
            civicbot(url).create_request(
                "0102", dry_run=False, confirm="SEND", api_key="lxk_wrong", address_string="玉泉路8号"
            )
        return refused.value

    refused = await asyncio.to_thread(drive)
    assert refused.status == 403
    assert '"code": 403' in refused.body


@pytest.mark.parametrize("format", ["json", "xml"])
async def test_georeport_reads_in_both_formats(two: Intake, url: str, format: str) -> None:
    await ask(two)
    resident = await two.resident()
    first, second = [await two.file(resident, category="0102", answers={"lamp": "street"}) for _ in range(2)]

    def drive() -> tuple[Any, ...]:
        client = GeoReport(url, jurisdiction="longxi", output_format=format)
        return (
            client.get_service_list(),
            client.get_service_definition("0102"),
            client.get_service_requests(status="open"),
            client.get_service_request(first["reference"]),
        )

    services, definition, requests, one = await asyncio.to_thread(drive)
    assert {"service_code", "service_name", "group"} <= services[0].keys()
    assert definition["service_code"] == "0102"
    assert {each["service_request_id"] for each in requests} == {first["reference"], second["reference"]}
    assert one["status"] == "open"
    assert one["service_name"] == "城市建设和市政管理"
