"""Loading the sample community, once: what is there already is not made again, however often it is run."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from shared.command.connection import Connection
from shared.command.sample.files import Row, rows, several
from shared.security.principal import Role

_AT_ONCE = 8
_FEN = 100


@dataclass(slots=True)
class Loaded:
    """The ids that the services gave, by the sample's own names; kept in a file between runs."""

    file: Path
    ids: dict[str, dict[str, str]] = field(default_factory=dict)

    @classmethod
    def open(cls, file: Path) -> "Loaded":
        return cls(file, json.loads(file.read_text()) if file.exists() else {})

    def of(self, kind: str) -> dict[str, str]:
        return self.ids.setdefault(kind, {})

    def save(self) -> None:
        temporary = self.file.with_suffix(".tmp")
        temporary.write_text(json.dumps(self.ids))
        temporary.replace(self.file)


Make = Callable[[Row], Awaitable[str]]


async def load(connection: Connection, loaded: Loaded, say: Callable[[str], None]) -> None:
    """Make workers, grids, residents, vacancies, seekers and requests, each as whoever would do it."""
    await _all(loaded, "workers", rows("workers"), "staff_number", _worker(connection))
    await _all(loaded, "grids", rows("grids"), "code", _grid(connection, loaded.of("workers")))
    await _all(loaded, "residents", rows("residents"), "reference", _resident(connection))
    await _all(loaded, "vacancies", rows("vacancies"), "number", _vacancy(connection))
    await _all(loaded, "seekers", rows("seekers"), "number", _seeker(connection, loaded.of("residents")))
    await _all(loaded, "requests", rows("requests"), "number", _request(connection, loaded.of("residents")))
    counts = {kind: len(ids) for kind, ids in loaded.ids.items()}
    say(
        f"示例社区 sample community: {counts['workers']} 名社区工作者 workers, {counts['grids']} 个网格 grids, "
        f"{counts['residents']} 位居民 residents, {counts['requests']} 件诉求 requests, "
        f"{counts['seekers']} 名求职者 seekers, {counts['vacancies']} 个岗位 vacancies"
    )


async def _all(loaded: Loaded, kind: str, entries: Sequence[Row], name: str, make: Make) -> None:
    """Make those that are not made yet, several at a time."""
    ids = loaded.of(kind)
    gate = asyncio.Semaphore(_AT_ONCE)

    async def one(entry: Row) -> None:
        async with gate:
            ids[entry[name]] = await make(entry)

    try:
        async with asyncio.TaskGroup() as tasks:
            for entry in entries:
                if entry[name] not in ids:
                    tasks.create_task(one(entry))
    finally:
        loaded.save()


def _key(kind: str, name: str) -> str:
    """A run that was cut off between the answer and the file asks with the same key and gets the same answer."""
    return f"sample-{kind}-{name}"


def _worker(connection: Connection) -> Make:
    async def make(entry: Row) -> str:
        body = {
            **{name: entry[name] for name in ("staff_number", "name", "gender", "phone", "email")},
            "weekly_hours": int(entry["weekly_hours"]),
            "skills": several(entry["skills"]),
        }
        async with connection.client("casework", Role.HEAD) as client:
            return _id(await client.post("/v1/workers", body, key=_key("worker", entry["staff_number"])))

    return make


def _grid(connection: Connection, workers: Mapping[str, str]) -> Make:
    async def make(entry: Row) -> str:
        body = {
            "code": entry["code"],
            "kind": entry["kind"],
            "name": entry["name"],
            "owner": workers[entry["owner"]],
            "places": several(entry["places"]),
            "catch_all": entry["catch_all"] == "yes",
        }
        async with connection.client("casework", Role.HEAD) as client:
            return _id(await client.post("/v1/grids", body, key=_key("grid", entry["code"])))

    return make


def _resident(connection: Connection) -> Make:
    async def make(entry: Row) -> str:
        body = {
            **{name: entry[name] or None for name in ("name", "phone", "email", "address")},
            "gender": entry["gender"],
            "birth_year": int(entry["birth_year"]),
            "language": entry["language"],
            "external": {"source": "sample", "ref": entry["reference"]},
        }
        async with connection.client("intake", Role.HEAD) as client:
            return _id(await client.post("/v1/residents", body, key=_key("resident", entry["reference"])))

    return make


def _request(connection: Connection, residents: Mapping[str, str]) -> Make:
    """Residents file for themselves on the web and in WeChat; the hotline and the workers file for them."""
    roles = {"web": Role.RESIDENT, "wechat": Role.RESIDENT, "hotline": Role.PORTAL}

    async def make(entry: Row) -> str:
        resident = residents[entry["resident"]]
        role = roles.get(entry["channel"], Role.WORKER)
        body = {
            **{
                name: entry[name] for name in ("channel", "category", "urgency", "address", "subject", "body")
            },
            "resident": resident,
        }
        subject = resident if role is Role.RESIDENT else None
        async with connection.client("intake", role, subject) as client:
            return _id(await client.post("/v1/requests", body, key=_key("request", entry["number"])))

    return make


def _vacancy(connection: Connection) -> Make:
    expires = (datetime.now(UTC) + timedelta(days=60)).replace(microsecond=0)

    async def make(entry: Row) -> str:
        body = {
            "organisation": entry["employer"],
            "occupation": entry["occupation"],
            "posts": int(entry["posts"]),
            "required_skills": several(entry["required_skills"]),
            "wished_skills": several(entry["wished_skills"]),
            "certificates": several(entry["certificates"]),
            "education": entry["education"],
            "experience_years": int(entry["experience_years"]),
            "pay_from": int(entry["pay_min_yuan"]) * _FEN,
            "pay_to": int(entry["pay_max_yuan"]) * _FEN,
            "area": entry["area"],
            "shifts": several(entry["shifts"]),
            "public_welfare": entry["public_welfare"] == "yes",
            "expires": expires.isoformat(),
        }
        async with connection.client("employment", Role.WORKER) as client:
            id = _id(await client.post("/v1/vacancies", body, key=_key("vacancy", entry["number"])))
            for move in ("check", "publish"):
                await client.post(f"/v1/vacancies/{id}/{move}", key=_key(move, entry["number"]))
            return id

    return make


def _seeker(connection: Connection, residents: Mapping[str, str]) -> Make:
    async def make(entry: Row) -> str:
        body = {
            "resident": residents[entry["resident"]],
            "occupations": several(entry["occupations"]),
            "skills": several(entry["skills"]),
            "certificates": several(entry["certificates"]),
            "education": entry["education"],
            "experience_years": int(entry["experience_years"]),
            "minimum_pay": int(entry["minimum_pay_yuan"]) * _FEN,
            "areas": several(entry["areas"]),
            "shifts": several(entry["shifts"]),
        }
        async with connection.client("employment", Role.WORKER) as client:
            return _id(await client.post("/v1/seekers", body, key=_key("seeker", entry["number"])))

    return make


def _id(answer: Mapping[str, Any]) -> str:
    return str(answer["id"])
