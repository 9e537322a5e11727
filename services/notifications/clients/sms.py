"""SMS by Aliyun (阿里云短信服务): `SendSms`, version 2017-05-25, with the tables from its codes to our states.

The provider keeps a copy of each template, approved by it; a call names the template and gives the variables.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType
from urllib.parse import urlsplit

import httpx

from services.notifications.clients.aliyun_signature import encoded_query, signed_headers
from services.notifications.clients.outcome import (
    Accepted,
    Delivered,
    Failed,
    Outcome,
    code_of,
    technical,
    temporary,
)
from services.notifications.messages.rules import Move
from services.notifications.templates.rules import Sms
from shared.refusals import Language

_TEMPORARY, _PERMANENT, _TECHNICAL = Move.FAIL_TEMPORARILY, Move.FAIL_PERMANENTLY, Move.FAIL_TECHNICALLY

# "API error codes" of the provider's documentation. What is not listed is technical: it asks for somebody to look.
ERRORS: Mapping[str, Move] = MappingProxyType(
    {
        "isv.BUSINESS_LIMIT_CONTROL": _TEMPORARY,  # too many to this number within a minute, an hour or a day
        "isv.DAY_LIMIT_CONTROL": _TEMPORARY,  # our own limit for a day
        "isv.MONTH_LIMIT_CONTROL": _TECHNICAL,  # … and for a month, which no retry outlives
        "isp.SYSTEM_ERROR": _TEMPORARY,
        "isp.GATEWAY_ERROR": _TEMPORARY,
        "isv.MOBILE_NUMBER_ILLEGAL": _PERMANENT,
        "isv.MOBILE_COUNT_OVER_LIMIT": _TECHNICAL,
        "isv.BLACK_KEY_CONTROL_LIMIT": _PERMANENT,  # a word of the variables is on the provider's list
        "isv.DOMESTIC_NUMBER_NOT_SUPPORTED": _PERMANENT,
        "isv.AMOUNT_NOT_ENOUGH": _TECHNICAL,
        "isv.OUT_OF_SERVICE": _TECHNICAL,
        "isv.ACCOUNT_NOT_EXISTS": _TECHNICAL,
        "isv.ACCOUNT_ABNORMAL": _TECHNICAL,
        "isv.PRODUCT_UN_SUBSCRIPT": _TECHNICAL,
        "isv.PRODUCT_UNSUBSCRIBE": _TECHNICAL,
        "isv.SMS_TEMPLATE_ILLEGAL": _TECHNICAL,
        "isv.SMS_SIGNATURE_ILLEGAL": _TECHNICAL,
        "isv.SMS_SIGNATURE_SCENE_ILLEGAL": _TECHNICAL,
        "isv.SMS_CONTENT_ILLEGAL": _TECHNICAL,
        "isv.SMS_SIGN_ILLEGAL": _TECHNICAL,
        "isv.TEMPLATE_MISSING_PARAMETERS": _TECHNICAL,
        "isv.TEMPLATE_PARAMS_ILLEGAL": _TECHNICAL,
        "isv.INVALID_PARAMETERS": _TECHNICAL,
        "isv.INVALID_JSON_PARAM": _TECHNICAL,
        "isv.PARAM_LENGTH_LIMIT": _TECHNICAL,
        "isv.PARAM_NOT_SUPPORT_URL": _TECHNICAL,
        "isv.EXTEND_CODE_ERROR": _TECHNICAL,
        "isv.DENY_IP_RANGE": _TECHNICAL,
        "isp.RAM_PERMISSION_DENY": _TECHNICAL,
        "SignatureDoesNotMatch": _TECHNICAL,
        "SignatureNonceUsed": _TEMPORARY,
        "InvalidAccessKeyId.NotFound": _TECHNICAL,
        "InvalidTimeStamp.Expired": _TECHNICAL,
        "ServiceUnavailable": _TEMPORARY,
        "InternalError": _TEMPORARY,
    }
)
_PREFIXES: tuple[tuple[str, Move], ...] = (("Throttling", _TEMPORARY),)

# `err_code` of a receipt. Networks add codes of their own (`MK:0001` …): those are permanent, as the network gave up.
RECEIPTS: Mapping[str, Move] = MappingProxyType(
    {
        "DELIVERED": Move.DELIVER,
        "MOBILE_SEND_LIMIT": _TEMPORARY,  # too many to this number
        "MOBILE_TERMINAL_ERROR": _TEMPORARY,  # switched off, memory full
        "MOBILE_NOT_ON_SERVICE": _PERMANENT,  # number out of service
        "MOBILE_IN_BLACK": _PERMANENT,  # on a do-not-disturb list
        "MOBILE_ACCOUNT_ABNORMAL": _PERMANENT,
        "INVALID_NUMBER": _PERMANENT,
        "USER_REJECT": _PERMANENT,
        "SP_UNKNOWN_ERROR": _TEMPORARY,
        "SP_NOT_BY_SMS": _TECHNICAL,
        "CONTENT_KEYWORD": _TECHNICAL,
        "CONTENT_ERROR": _TECHNICAL,
    }
)


@dataclass(frozen=True, slots=True)
class AliyunAccount:
    endpoint: str
    """`https://dysmsapi.aliyuncs.com`."""
    key_id: str
    key_secret: str = field(repr=False)
    templates: Mapping[str, str] = field(default_factory=dict)
    """`<template>.<language>` → the provider's code of its copy, `SMS_…`."""
    receipts: bool = True
    """Receipts are pushed to us; without them "accepted" counts as delivered."""
    timeout: timedelta = timedelta(seconds=10)


class AliyunSms:
    def __init__(self, account: AliyunAccount, http: httpx.AsyncClient, nonce: Callable[[], str]) -> None:
        self._account = account
        self._http = http
        self._nonce = nonce

    async def send(
        self,
        phone: str,
        sms: Sms,
        *,
        template: str,
        language: Language,
        signature: str,
        out_id: str,
        now: datetime,
    ) -> Outcome:
        """`out_id` comes back in the receipt, and names the message in the provider's own records."""
        code = self._account.templates.get(f"{template}.{language}")
        if code is None:
            return technical("sms_template_not_registered")
        query = encoded_query(
            {
                "PhoneNumbers": phone,
                "SignName": signature,
                "TemplateCode": code,
                "TemplateParam": json.dumps(dict(sms.parameters), ensure_ascii=False),
                "OutId": out_id,
            }
        )
        url = urlsplit(self._account.endpoint)
        headers = signed_headers(
            action="SendSms",
            version="2017-05-25",
            host=url.netloc,
            query=query,
            key_id=self._account.key_id,
            key_secret=self._account.key_secret,
            nonce=self._nonce(),
            now=now,
        )
        # As the provider's own SDK does: the parameters are in the query. The address is never logged.
        request = self._http.build_request(
            "POST",
            f"{url.scheme}://{url.netloc}/?{query}",
            headers=headers,
            timeout=self._account.timeout.total_seconds(),
        )
        try:
            answer = await self._http.send(request)
        except httpx.TimeoutException:
            return temporary("sms_timeout")
        except httpx.TransportError:
            return temporary("sms_connection")
        return self._read(answer)

    def _read(self, answer: httpx.Response) -> Outcome:
        try:
            body = answer.json()
            code = str(body["Code"])
        except (KeyError, TypeError, ValueError):
            return temporary(f"sms_status_{answer.status_code}")
        if code != "OK":
            return Failed(error_move(code), code_of(code))
        reference = str(body.get("BizId", ""))[:64]
        return Accepted(reference) if self._account.receipts else Delivered(reference)


def error_move(code: str) -> Move:
    """What an error code of SendSms means for the message."""
    for prefix, move in _PREFIXES:
        if code.startswith(prefix):
            return move
    return ERRORS.get(code, _TECHNICAL)


def receipt_move(success: bool, code: str) -> Move:
    """What a receipt means for the message."""
    if success:
        return Move.DELIVER
    move = RECEIPTS.get(code, _PERMANENT)
    return _PERMANENT if move is Move.DELIVER else move
