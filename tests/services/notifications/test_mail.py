"""Mail over real SMTP: logging in, reusing connections, repeats that can be recognised."""

from datetime import UTC, datetime, timedelta

from services.notifications.clients.mail import MailAccount, Mailer
from services.notifications.clients.outcome import Delivered, Failed, Outcome
from services.notifications.messages.rules import Move
from services.notifications.templates.rules import Mail
from shared.database import new_id
from shared.testing.smtp_server import HANG, PostOffice, SmtpServer

NOW = datetime(2026, 11, 18, 2, 0, tzinfo=UTC)
ID = new_id()


def _mailer(server: SmtpServer, **changes: object) -> Mailer:
    values: dict[str, object] = {
        "host": server.host,
        "port": server.port,
        "sender": "no-reply@longxi.example",
        "security": "none",
        "timeout": timedelta(seconds=0.5),
    }
    return Mailer(MailAccount(**(values | changes)))  # type: ignore[arg-type]


async def _send(mailer: Mailer, to: str = "a@example.com") -> Outcome:
    try:
        return await mailer.send(ID, to, Mail("标题", "正文"), community="龙溪社区", language="zh", now=NOW)
    finally:
        await mailer.close()


async def test_a_repeat_carries_the_same_message_id(post: SmtpServer) -> None:
    mailer = _mailer(post)
    for _ in range(2):
        assert isinstance(await _send(mailer), Delivered)
    assert {mail.message["Message-ID"] for mail in post.office.mails} == {f"<{ID}@longxi.example>"}
    assert post.office.mails[0].text.strip() == "正文"


async def test_it_logs_in_where_that_is_asked() -> None:
    async with SmtpServer(login=("longxi", "word")) as server:
        assert isinstance(await _send(_mailer(server, username="longxi", password="word")), Delivered)
        wrong = await _send(_mailer(server, username="longxi", password="wrong"))
        nobody = await _send(_mailer(server))
    assert wrong == Failed(Move.FAIL_TECHNICALLY, "smtp_535")
    assert nobody == Failed(Move.FAIL_TECHNICALLY, "smtp_530")


async def test_a_server_that_hangs_is_a_temporary_failure(post: SmtpServer) -> None:
    post.office.replies["a@example.com"] = [HANG]
    assert await _send(_mailer(post)) == Failed(Move.FAIL_TEMPORARILY, "smtp_timeout")


async def test_a_server_that_is_down_is_a_temporary_failure(post: SmtpServer) -> None:
    assert await _send(_mailer(post, port=9)) == Failed(Move.FAIL_TEMPORARILY, "smtp_connection")


async def test_content_that_is_refused_is_permanent() -> None:
    office = PostOffice(final_replies={"a@example.com": "554 5.7.1 refused"})
    async with SmtpServer(office) as server:
        assert await _send(_mailer(server)) == Failed(Move.FAIL_PERMANENTLY, "smtp_554")


async def test_an_address_that_is_none_is_permanent(post: SmtpServer) -> None:
    for address in ("nobody", "a@b@c", "a@example.com\r\nBcc: b@example.com", ""):
        assert await _send(_mailer(post), address) == Failed(Move.FAIL_PERMANENTLY, "bad_address")
    assert post.office.count == 0


async def test_a_server_without_encryption_gets_no_mail_where_it_is_wanted(post: SmtpServer) -> None:
    outcome = await _send(_mailer(post, security="starttls"))
    assert outcome == Failed(Move.FAIL_TECHNICALLY, "smtp_not_supported")
    assert post.office.count == 0
