"""Every code of a provider becomes one of our states."""

import aiosmtplib
import pytest

from services.notifications.clients.aliyun_signature import encoded_query, signature_of
from services.notifications.clients.mail import _outcome
from services.notifications.clients.outcome import code_of
from services.notifications.clients.sms import error_move, receipt_move
from services.notifications.messages.rules import Move, State
from services.notifications.receipts.rules import Ignored, Receipt, Verdict, judge


@pytest.mark.parametrize(
    ("code", "move", "why"),
    [
        ("isv.BUSINESS_LIMIT_CONTROL", Move.FAIL_TEMPORARILY, "too many to this number just now"),
        ("isv.MOBILE_NUMBER_ILLEGAL", Move.FAIL_PERMANENTLY, "no number"),
        ("isv.AMOUNT_NOT_ENOUGH", Move.FAIL_TECHNICALLY, "our account is empty"),
        ("Throttling.User", Move.FAIL_TEMPORARILY, "we are too fast"),
        ("Throttling", Move.FAIL_TEMPORARILY, "we are too fast"),
        ("isp.SYSTEM_ERROR", Move.FAIL_TEMPORARILY, "theirs, and it passes"),
        ("SignatureDoesNotMatch", Move.FAIL_TECHNICALLY, "our key is wrong"),
        ("isv.SOMETHING_NEW", Move.FAIL_TECHNICALLY, "unknown: somebody has to look"),
    ],
)
def test_sms_errors(code: str, move: Move, why: str) -> None:
    assert error_move(code) is move, why


@pytest.mark.parametrize(
    ("success", "code", "move", "why"),
    [
        (True, "DELIVERED", Move.DELIVER, "it arrived"),
        (False, "MOBILE_TERMINAL_ERROR", Move.FAIL_TEMPORARILY, "the phone is off"),
        (False, "MOBILE_NOT_ON_SERVICE", Move.FAIL_PERMANENTLY, "the number is out of service"),
        (False, "CONTENT_KEYWORD", Move.FAIL_TECHNICALLY, "our words are at fault"),
        (False, "MK:0001", Move.FAIL_PERMANENTLY, "a code of a network: it gave up"),
        (False, "DELIVERED", Move.FAIL_PERMANENTLY, "contradictory: not delivered"),
    ],
)
def test_sms_receipts(success: bool, code: str, move: Move, why: str) -> None:
    assert receipt_move(success, code) is move, why


def _receipt(success: bool, code: str, provider_reference: str) -> Receipt:
    return Receipt(receipt_move(success, code), code_of(code), provider_reference)


@pytest.mark.parametrize(
    ("error", "ours", "move", "why"),
    [
        (aiosmtplib.SMTPRecipientsRefused([aiosmtplib.SMTPRecipientRefused(550, "no", "a@b")]), False, Move.FAIL_PERMANENTLY, "no such mailbox"),
        (aiosmtplib.SMTPRecipientsRefused([aiosmtplib.SMTPRecipientRefused(450, "later", "a@b")]), False, Move.FAIL_TEMPORARILY, "greylisted"),
        (aiosmtplib.SMTPSenderRefused(550, "no", "a@b"), True, Move.FAIL_TECHNICALLY, "it does not like us"),
        (aiosmtplib.SMTPDataError(554, "no"), False, Move.FAIL_PERMANENTLY, "the mail was refused"),
        (aiosmtplib.SMTPDataError(499, "odd"), False, Move.FAIL_TEMPORARILY, "unknown, by its first digit"),
        (aiosmtplib.SMTPAuthenticationError(535, "no"), True, Move.FAIL_TECHNICALLY, "our password is wrong"),
        (aiosmtplib.SMTPAuthenticationError(454, "later"), True, Move.FAIL_TEMPORARILY, "its user list is away"),
        (aiosmtplib.SMTPConnectTimeoutError("slow"), True, Move.FAIL_TEMPORARILY, "it does not answer"),
        (aiosmtplib.SMTPServerDisconnected("gone"), False, Move.FAIL_TEMPORARILY, "it hung up"),
        (ConnectionRefusedError(), True, Move.FAIL_TEMPORARILY, "it is down"),
    ],
)  # fmt: skip
def test_mail_replies(error: Exception, ours: bool, move: Move, why: str) -> None:
    assert _outcome(error, ours=ours).move is move, why


@pytest.mark.parametrize(
    ("state", "reference", "receipt", "verdict", "why"),
    [
        (State.SENDING, "b1", _receipt(True, "DELIVERED", "b1"), Verdict(Move.DELIVER, "delivered"), "as usual"),
        (State.SENDING, None, _receipt(True, "DELIVERED", "b1"), Verdict(Move.DELIVER, "delivered"), "faster than our own write"),
        (State.TEMPORARY_FAILURE, None, _receipt(True, "DELIVERED", "b1"), Verdict(Move.DELIVER, "delivered"), "its answer was lost, the SMS was not"),
        (State.SENDING, "b2", _receipt(True, "DELIVERED", "b1"), Verdict(Move.DELIVER, "delivered"), "the first attempt arrived after all"),
        (State.SENDING, "b1", _receipt(False, "MOBILE_NOT_ON_SERVICE", "b1"), Verdict(Move.FAIL_PERMANENTLY, "mobile_not_on_service"), "no such subscriber"),
        (State.SENDING, "b2", _receipt(False, "MOBILE_TERMINAL_ERROR", "b1"), Ignored.STALE, "of an attempt before this one"),
        (State.TEMPORARY_FAILURE, "b1", _receipt(False, "MK:0001", "b1"), Ignored.STALE, "it failed already"),
        (State.DELIVERED, "b1", _receipt(False, "MK:0001", "b1"), Ignored.FINAL, "final"),
        (State.PERMANENT_FAILURE, "b1", _receipt(True, "DELIVERED", "b1"), Ignored.FINAL, "final, even against good news"),
        (State.EXPIRED, "b1", _receipt(True, "DELIVERED", "b1"), Ignored.FINAL, "final"),
    ],
)  # fmt: skip
def test_what_a_receipt_does(
    state: State, reference: str | None, receipt: Receipt, verdict: Verdict | Ignored, why: str
) -> None:
    assert judge(state, reference, receipt) == verdict, why


def test_the_signature_is_that_of_the_providers_own_example() -> None:
    # "V3版本请求体&签名机制", section on fixed parameters.
    headers = {
        "host": "ecs.cn-shanghai.aliyuncs.com",
        "x-acs-action": "RunInstances",
        "x-acs-content-sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "x-acs-date": "2023-10-26T10:22:32Z",
        "x-acs-signature-nonce": "3156853299f313e23d1673dc12e1703d",
        "x-acs-version": "2014-05-26",
    }
    query = encoded_query(
        {"RegionId": "cn-shanghai", "ImageId": "win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd"}
    )
    expected = "06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0"
    assert signature_of(query, headers, "YourAccessKeySecret") == expected


def test_a_query_is_encoded_as_rfc_3986_has_it() -> None:
    assert encoded_query({"b": "a b*~", "a": "社区"}) == "a=%E7%A4%BE%E5%8C%BA&b=a%20b%2A~"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("isv.BUSINESS_LIMIT_CONTROL", "isv.business_limit_control"),
        ("MK:0001", "mk_0001"),
        ("用户拒收", "unknown"),
        ("x" * 60, "x" * 48),
        ("isv.MOBILE_NUMBER_ILLEGAL 19900001234", "isv.mobile_number_illegal"),
        ("isv.MOBILE_NUMBER_ILLEGAL:19900001234", "isv.mobile_number_illegal"),
        ("MK:+8619900001234", "unknown"),
        ("19900001234", "unknown"),
        ("199-0000-1234", "unknown"),
        ("zhang.san@longxi.example", "unknown"),
        ("李四的手机停机", "unknown"),
        ("MOBILE_IN_BLACK(李四)", "unknown"),
        ("", "unknown"),
    ],
)
def test_a_reason_is_a_code(text: str, code: str) -> None:
    assert code_of(text) == code
