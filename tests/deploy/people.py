"""Those who use the stack: a head who makes workers and grids, residents who file and are told, whatever restarts meanwhile."""

import contextlib
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx

from shared.security.principal import Role
from tests.deploy.stack import Stack

_PATIENCE = 120.0


def post(client: httpx.Client, path: str, body: Any, *, key: str | None = None) -> Any:
    """Tried again, with the same key, as a careful client does it: until the answer is one that will not change."""
    key = key or str(uuid4())
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            answer = client.post(path, json=body, headers={"Idempotency-Key": key})
        except httpx.TransportError as fault:
            said: object = fault
        else:
            if answer.status_code < 500 and answer.status_code not in {409, 429}:
                assert answer.is_success, f"{path}: {answer.status_code} {answer.text}"
                return answer.json() if answer.content else None
            said = f"{answer.status_code} {answer.text[:300]}"
        assert time.monotonic() < deadline, f"{path}: {said}"
        time.sleep(0.3)


@dataclass(slots=True)
class Community:
    stack: Stack
    residents: list[str] = field(default_factory=list)
    filed: list[str] = field(default_factory=list)
    """Ids of the requests, each acknowledged."""

    def settle_in(self) -> None:
        with self.stack.client(Role.HEAD) as head:
            workers = [
                post(
                    head,
                    "/casework/v1/workers",
                    {
                        "staff_number": f"W{number}",
                        "name": f"试用工作者{number}",
                        "email": f"w{number}@staff.example",
                        "weekly_hours": 40,
                    },
                )["id"]
                for number in range(1, 4)
            ]
            post(
                head,
                "/casework/v1/grids",
                {
                    "code": "g1",
                    "name": "第一网格",
                    "kind": "building",
                    "owner": workers[0],
                    "places": ["龙溪花园1栋"],
                    "catch_all": True,
                },
            )
            self.residents = [
                post(
                    head,
                    "/intake/v1/residents",
                    {
                        "name": f"试用居民{number}",
                        "email": f"r{number}@residents.example",
                        "phone": f"1990000{number:04}",
                    },
                )["id"]
                for number in range(1, 6)
            ]

    def file(self) -> str:
        """One request, by a resident, through the gateway. Its id."""
        resident = self.residents[len(self.filed) % len(self.residents)]
        with self.stack.client(Role.RESIDENT, resident) as person:
            answer = post(
                person,
                "/intake/v1/requests",
                {
                    "channel": "web",
                    "address": "龙溪花园1栋",
                    "subject": "楼道路灯不亮",
                    "body": "一单元三楼的灯坏了一周，夜里上下楼不安全，请派人来修。",
                },
            )
        self.filed.append(answer["id"])
        return str(answer["id"])

    def wait_until_told(self, request: str, seconds: float = _PATIENCE) -> None:
        """Until its resident was told of the receipt and of the assignment, each once."""
        deadline = time.monotonic() + seconds
        wanted = {"request.filed": 1, "worker.assigned": 1}
        told: dict[str, int] = {}
        with self.stack.client(Role.OPERATOR) as operator:
            while told != wanted:
                assert time.monotonic() < deadline, f"{request}: told {told}\n{self.stack.logs()}"
                with contextlib.suppress(httpx.TransportError):
                    answer = operator.get(
                        "/notifications/v1/messages", params={"about": request, "limit": 100}
                    )
                    if answer.is_success:
                        told = {}
                        for line in answer.json()["items"]:
                            if line["recipient_kind"] == "resident" and line["state"] == "delivered":
                                told[line["event"]] = told.get(line["event"], 0) + 1
                if told != wanted:
                    assert all(count == 1 for count in told.values()), f"{request}: told twice: {told}"
                    time.sleep(0.3)

    @contextlib.contextmanager
    def keeps_filing(self) -> Iterator[None]:
        """Somebody files one request after the other meanwhile."""
        stop = threading.Event()
        failures: list[BaseException] = []

        def go_on() -> None:
            try:
                while not stop.is_set():
                    self.file()
                    stop.wait(0.2)
            except BaseException as failure:
                failures.append(failure)

        thread = threading.Thread(target=go_on)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()
        if failures:
            raise failures[0]


__all__ = ["Community", "post"]
