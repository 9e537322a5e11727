"""Where the SMS provider pushes what became of messages (`SmsReport`, HTTP push of Aliyun)."""

import base64
import binascii
import hmac
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field, RootModel, SecretStr

from services.notifications.clients.outcome import code_of
from services.notifications.clients.sms import receipt_move
from services.notifications.receipts.actions import apply
from services.notifications.receipts.rules import Receipt
from services.notifications.sending.channels import read_out_id
from shared.database import Database
from shared.refusals import Forbidden
from shared.security import public_route
from shared.tenants import Tenants
from shared.web import Model, Visitor, provided, refuses

router = APIRouter(tags=["receipts"])


class WrongSecret(Forbidden):
    type = "wrong-receipt-secret"
    zh = "回执推送地址中的密钥不正确。"
    en = "The secret of the address for receipts is wrong."


class SmsReport(BaseModel):
    """One receipt. What else it says, the phone above all, is not even read."""

    model_config = ConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True)

    success: bool
    err_code: str = Field(default="", max_length=100)
    biz_id: str = Field(default="", max_length=100)
    out_id: str = Field(default="", max_length=256)
    """As we gave it: tenant and message."""


class SmsReports(RootModel[list[SmsReport]]):
    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    root: list[SmsReport] = Field(max_length=1000)


class Taken(Model):
    """What the provider wants to hear; anything else makes it push again."""

    code: int = 0
    msg: str = "成功"


@dataclass(frozen=True, slots=True)
class ReceiptDesk:
    """What the routes need: there is no caller whose tenant and database they could use."""

    database: Database
    tenants: Tenants
    secret: SecretStr | None

    def check(self, given: str) -> None:
        """Raises WrongSecret, always where none is set."""
        expected = self.secret.get_secret_value() if self.secret else ""
        if not expected or not hmac.compare_digest(given.encode(), expected.encode()):
            raise WrongSecret


@router.post("/v1/receipts/aliyun/{secret}", responses=refuses(WrongSecret))
async def take_receipts(
    secret: str,
    body: SmsReports,
    visitor: Annotated[Visitor, public_route()],
    desk: Annotated[ReceiptDesk, provided(ReceiptDesk)],
) -> Taken:
    """Receipts, the secret in the address."""
    desk.check(secret)
    return await _take(desk, body, visitor)


@router.post("/v1/receipts/aliyun", responses=refuses(WrongSecret))
async def take_receipts_with_password(
    body: SmsReports,
    visitor: Annotated[Visitor, public_route()],
    desk: Annotated[ReceiptDesk, provided(ReceiptDesk)],
) -> Taken:
    """Receipts, the secret as the password of Basic authentication."""
    desk.check(_password(visitor.header("authorization")))
    return await _take(desk, body, visitor)


async def _take(desk: ReceiptDesk, body: SmsReports, visitor: Visitor) -> Taken:
    by_tenant: dict[str, dict[UUID, Receipt]] = {}
    for report in body.root:
        named = read_out_id(report.out_id)
        if named is not None and named[0] in desk.tenants:
            move = receipt_move(report.success, report.err_code)
            receipt = Receipt(move, code_of(report.err_code), report.biz_id[:64])
            by_tenant.setdefault(named[0], {})[named[1]] = receipt
    for tenant, receipts in by_tenant.items():
        async with desk.database.transaction(tenant) as session:
            await apply(session, receipts, visitor.now)
    return Taken()


def _password(header: str | None) -> str:
    scheme, _, value = (header or "").partition(" ")
    if scheme.lower() != "basic":
        return ""
    try:
        return base64.b64decode(value, validate=True).decode().partition(":")[2]
    except (binascii.Error, UnicodeDecodeError):
        return ""
