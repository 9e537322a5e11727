"""An SMS provider that speaks Aliyun's protocol: for tests, and the telephone network of `make run`.

    python -m shared.testing.sms_gateway --port 8126 --receipts http://127.0.0.1:8104/v1/receipts/aliyun/SECRET

It checks signatures, keeps messages, answers with errors where told to, and pushes receipts. `/messages` lists them.
With `--journal` the OutId of each is written into a file before it is acknowledged.
"""

import argparse
import asyncio
import contextlib
import json
import sys
import uuid
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from shared.clock import Clock, system_clock
from shared.testing.aliyun_protocol import Refused, verify
from shared.testing.journal import Journal
from shared.testing.serving import serving

KEPT = 5000
"""Messages, and nonces that are refused when they come again (the real one remembers them for 15 minutes)."""
KEY_ID, KEY_SECRET = "longxi-development", "longxi-development-secret"
"""What `make run` signs with; a real provider gives real ones."""
_SHANGHAI = ZoneInfo("Asia/Shanghai")
_DELIVERED = "DELIVERED"


@dataclass(frozen=True, slots=True)
class KeptSms:
    phone: str
    signature: str
    template: str
    parameters: Mapping[str, str]
    out_id: str
    biz_id: str
    at: datetime


@dataclass(slots=True)
class Network:
    """What the gateway keeps, and how it treats whom."""

    key_id: str = KEY_ID
    key_secret: str = field(default=KEY_SECRET, repr=False)
    receipts_url: str | None = None
    errors: dict[str, list[str]] = field(default_factory=dict)
    """By phone: error codes that answer the next calls, one used up by each."""
    reports: dict[str, list[str]] = field(default_factory=dict)
    """By phone: `err_code` of the next receipts; `DELIVERED` when used up, and none at all for the word `silent`."""
    messages: deque[KeptSms] = field(default_factory=lambda: deque(maxlen=KEPT))
    count: int = 0
    nonces: dict[str, None] = field(default_factory=dict)
    """As they came."""
    journal: Journal | None = None

    def to(self, phone: str) -> list[KeptSms]:
        return [sms for sms in self.messages if sms.phone == phone]


class SmsGateway:
    """The application (`app`) and the receipts that it owes (`push_receipts`)."""

    def __init__(self, network: Network | None = None, *, clock: Clock = system_clock) -> None:
        self.network = network or Network()
        self._clock = clock
        self._owed: list[dict[str, Any]] = []
        self._something_owed = asyncio.Event()
        self.app = FastAPI(title="SMS gateway", openapi_url=None)
        self.app.add_api_route("/", self._call, methods=["POST"])
        self.app.add_api_route("/messages", self._list, methods=["GET"])

    async def push_receipts(self, http: httpx.AsyncClient) -> int:
        """Push what is owed, 100 at a time, and give how many were taken. What is not taken stays owed."""
        network, taken = self.network, 0
        while self._owed and network.receipts_url is not None:
            batch = self._owed[:100]
            answer = await http.post(network.receipts_url, json=batch)
            if answer.status_code != httpx.codes.OK or answer.json().get("code") != 0:
                break
            del self._owed[: len(batch)]
            taken += len(batch)
        if not self._owed:
            self._something_owed.clear()
        return taken

    async def keep_pushing(self) -> None:
        """Until cancelled; a receiver that is away gets them when it is back."""
        async with httpx.AsyncClient(timeout=10, trust_env=False) as http:
            while True:
                await self._something_owed.wait()
                # A network tells of several at once; so short a wait that nobody notices.
                await asyncio.sleep(0.05)
                with contextlib.suppress(httpx.TransportError, ValueError):
                    await self.push_receipts(http)
                if self._owed:
                    await asyncio.sleep(1)

    async def _call(self, request: Request) -> JSONResponse:
        network, headers = self.network, dict(request.headers)
        query = request.scope["query_string"].decode()
        try:
            verify(
                method="POST",
                query=query,
                headers=headers,
                body=await request.body(),
                key_id=network.key_id,
                key_secret=network.key_secret,
                now=self._clock(),
            )
            if headers["x-acs-signature-nonce"] in network.nonces:
                raise Refused("SignatureNonceUsed")
        except Refused as refused:
            return _answer(str(refused), status=400)
        network.nonces[headers["x-acs-signature-nonce"]] = None
        if len(network.nonces) > KEPT:
            del network.nonces[next(iter(network.nonces))]
        if (headers["x-acs-action"], headers["x-acs-version"]) != ("SendSms", "2017-05-25"):
            return _answer("InvalidAction.NotFound", status=404)
        return self._send(dict(request.query_params))

    def _send(self, given: dict[str, str]) -> JSONResponse:
        network, phone = self.network, given.get("PhoneNumbers", "")
        if not phone.lstrip("+").isdigit():
            return _answer("isv.MOBILE_NUMBER_ILLEGAL")
        if not given.get("SignName") or not given.get("TemplateCode", "").startswith("SMS_"):
            return _answer("isv.INVALID_PARAMETERS")
        try:
            parameters = json.loads(given.get("TemplateParam", "{}"))
        except ValueError:
            return _answer("isv.INVALID_JSON_PARAM")
        if any(not isinstance(value, str) or not 1 <= len(value) <= 35 for value in parameters.values()):
            return _answer("isv.PARAM_LENGTH_LIMIT")
        scripted = network.errors.get(phone)
        if scripted:
            return _answer(scripted.pop(0))
        sms = KeptSms(
            phone=phone,
            signature=given["SignName"],
            template=given["TemplateCode"],
            parameters=parameters,
            out_id=given.get("OutId", ""),
            biz_id=f"{uuid.uuid4().int % 10**18:018d}^0",
            at=self._clock(),
        )
        network.messages.append(sms)
        network.count += 1
        if network.journal is not None:
            network.journal.note(sms.out_id)
        self._owe_receipt(sms)
        return _answer("OK", BizId=sms.biz_id)

    def _owe_receipt(self, sms: KeptSms) -> None:
        scripted = self.network.reports.get(sms.phone)
        code = scripted.pop(0) if scripted else _DELIVERED
        if code == "silent":
            return
        moment = sms.at.astimezone(_SHANGHAI).strftime("%Y-%m-%d %H:%M:%S")
        self._owed.append(
            {
                "phone_number": sms.phone,
                "send_time": moment,
                "report_time": moment,
                "success": code == _DELIVERED,
                "err_code": code,
                "err_msg": "用户接收成功" if code == _DELIVERED else "发送失败",
                "sms_size": "1",
                "biz_id": sms.biz_id,
                "out_id": sms.out_id,
            }
        )
        self._something_owed.set()

    async def _list(self) -> dict[str, Any]:
        shown = [
            {
                "to": sms.phone,
                "signature": sms.signature,
                "template": sms.template,
                "parameters": dict(sms.parameters),
            }
            for sms in reversed(self.network.messages)
        ]
        return {"count": self.network.count, "receipts_owed": len(self._owed), "messages": shown[:200]}


def _answer(code: str, *, status: int = 200, **more: str) -> JSONResponse:
    content = {
        "Code": code,
        "Message": "OK" if code == "OK" else code,
        "RequestId": str(uuid.uuid4()).upper(),
    }
    return JSONResponse(content | more, status_code=status)


async def _run(host: str, port: int, receipts: str | None, journal: Path | None) -> None:
    gateway = SmsGateway(Network(receipts_url=receipts, journal=Journal(journal) if journal else None))
    async with serving(gateway.app, host=host, port=port) as url:
        sys.stdout.write(f"sms gateway on {url}\n")
        sys.stdout.flush()
        await gateway.keep_pushing()


def main() -> None:
    parser = argparse.ArgumentParser(description="An SMS provider that speaks Aliyun's protocol")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8126)
    parser.add_argument("--receipts", default=None, help="where receipts are pushed to")
    parser.add_argument("--journal", type=Path, default=None)
    given = parser.parse_args()
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_run(given.host, given.port, given.receipts, given.journal))


if __name__ == "__main__":
    main()
