"""Says over HTTP what was applied, as the test kit asks for it: `GET /applied`, JSON lines."""

import asyncio
import json
from collections.abc import AsyncIterator

from python.stores import Store

_APPLIED = "SELECT id, subject, sequence FROM applied ORDER BY place"
_MISSING = "SELECT subject, first, last FROM missing"


async def serve(store: Store, host: str, port: int) -> asyncio.Server:
    """Begins to answer; only GET, one answer a connection: it is for tests."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await reader.readline()
        while (await reader.readline()).strip():
            pass
        found = request.startswith(b"GET /applied ")
        body = "".join([line async for line in _lines(store)]).encode() if found else b""
        head = f"HTTP/1.1 {'200 OK' if found else '404 Not Found'}\r\nContent-Type: application/x-ndjson\r\n"
        writer.write(f"{head}Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode() + body)
        await writer.drain()
        writer.close()

    return await asyncio.start_server(answer, host, port)


async def _lines(store: Store) -> AsyncIterator[str]:
    async with store.transaction() as transaction:
        applied = await transaction.rows(_APPLIED)
        missing = await transaction.rows(_MISSING)
    for id, subject, sequence in applied:
        yield json.dumps({"id": id, "subject": subject, "sequence": sequence}) + "\n"
    for subject, first, last in missing:
        yield json.dumps({"missing": {"subject": subject, "from": first, "to": last}}) + "\n"
