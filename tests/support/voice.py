"""Somebody at a service: calls with their token, answers that have to be good unless a refusal is expected."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any
from uuid import uuid4

import httpx


class Routed(httpx.AsyncBaseTransport):
    """Calls applications of this process by host name. A host in `down` refuses connections."""

    def __init__(self) -> None:
        self.apps: dict[str, Any] = {}
        self.down: set[str] = set()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        host = request.url.host
        if host in self.down or host not in self.apps:
            raise httpx.ConnectError(f"{host} refused the connection", request=request)
        return await httpx.ASGITransport(app=self.apps[host]).handle_async_request(request)


class Voice:
    """Answers are decoded; one that is an error fails the test, except by `refusal`."""

    def __init__(self, http: httpx.AsyncClient, service: str, headers: Mapping[str, str]) -> None:
        self._http = http
        self._service = service
        self._headers = headers

    async def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        headers: Mapping[str, str] = MappingProxyType({}),
        **query: Any,
    ) -> httpx.Response:
        """The answer as it is."""
        return await self._http.request(
            method,
            f"http://{self._service}.test{path}",
            json=body,
            params={key: value for key, value in query.items() if value is not None} or None,
            headers={**self._headers, **headers},
        )

    async def get(self, path: str, **query: Any) -> Any:
        return _good(await self.call("GET", path, **query))

    async def post(self, path: str, body: Any = None, *, key: str | None = None) -> Any:
        headers = {"Idempotency-Key": key or str(uuid4())}
        return _good(await self.call("POST", path, body or {}, headers=headers))

    async def replace(self, path: str, body: Any, *, at: str) -> Any:
        """PUT with the entity tag that a GET of `at` gives."""
        shown = await self.call("GET", at)
        _good(shown)
        tag = shown.headers["etag"]
        return _good(await self.call("PUT", path, body, headers={"If-Match": tag}))

    async def delete(self, path: str) -> None:
        _good(await self.call("DELETE", path))

    async def refusal(self, method: str, path: str, body: Any = None) -> tuple[int, str]:
        """Status and the last word of the problem's type."""
        answer = await self.call(method, path, body)
        assert answer.is_error, answer.text
        return answer.status_code, answer.json()["type"].rsplit(":", 1)[-1]


def _good(answer: httpx.Response) -> Any:
    assert answer.is_success, (
        f"{answer.request.method} {answer.request.url}: {answer.status_code} {answer.text}"
    )
    return answer.json() if answer.content else None
