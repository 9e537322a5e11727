"""A bare handler: FastAPI and SQLAlchemy Core, a request and its outbox row in one transaction. No promise kept.

`python -m tests.bench.bare.filing URL PORT [reading]`: with `reading` it reads the words as ours does, and stores that too.
"""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson
import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel, Field
from sqlalchemy import Column, DateTime, LargeBinary, MetaData, Table, Text, Uuid, insert
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import create_async_engine

from shared.database import new_id
from shared.understanding import Understanding, shipped

_metadata = MetaData()
_request = Table(
    "request",
    _metadata,
    Column("id", Uuid, primary_key=True),
    Column("resident", Uuid),
    Column("subject", Text),
    Column("body", Text),
    Column("address", Text),
    Column("urgency", Text),
    Column("channel", Text),
    Column("category", Text),
    Column("filed", DateTime(timezone=True)),
    Column("reading", Text),
)
_outbox = Table(
    "outbox",
    _metadata,
    Column("id", Uuid),
    Column("subject", Uuid),
    Column("type", Text),
    Column("data", LargeBinary),
)


class Body(BaseModel):
    resident: UUID
    subject: str = Field(max_length=200)
    body: str = Field(max_length=10_000)
    address: str | None = Field(None, max_length=200)
    urgency: str
    channel: str
    category: str | None = None


class Answer(BaseModel):
    id: UUID
    filed: datetime


def application(url: str, pool: int, *, reading: bool = False) -> FastAPI:
    engine = create_async_engine(
        make_url(url).set(drivername="postgresql+asyncpg"), pool_size=pool, max_overflow=0
    )

    understanding = Understanding(shipped()) if reading else None

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        await engine.dispose()

    app = FastAPI(lifespan=lifespan)

    @app.post("/v1/requests", status_code=201)
    async def file(body: Body) -> Answer:
        id, now = new_id(), datetime.now(UTC)
        row: dict[str, Any] = {"id": id, "filed": now, **body.model_dump()}
        if understanding is not None:
            row["reading"] = read(understanding, body)
        async with engine.begin() as connection:
            await connection.execute(insert(_request).values(row))
            event = {"id": new_id(), "subject": id, "type": "request.filed", "data": orjson.dumps(row)}
            await connection.execute(insert(_outbox).values(event))
        return Answer(id=id, filed=now)

    return app


def read(understanding: Understanding, body: Body) -> str:
    found = understanding.read(body.subject, body.body, body.address)
    return orjson.dumps([[guess.category, guess.confidence] for guess in found.guesses]).decode()


if __name__ == "__main__":
    uvicorn.run(
        application(sys.argv[1], 32, reading="reading" in sys.argv[3:]),
        host="127.0.0.1",
        port=int(sys.argv[2]),
        access_log=False,
        log_config=None,
    )
