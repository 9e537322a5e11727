"""Reading a request's words: decrypted for whoever may see them, and written down in the same transaction."""

from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.requests import queries
from services.intake.requests.filing import Words
from services.intake.requests.tables import Request, RequestText
from services.intake.residents.actions import Reading, record_reads
from services.intake.residents.keys import Holder, Keys
from services.intake.residents.queries import holders


async def words_of(session: AsyncSession, keys: Keys, request: Request, reading: Reading) -> Words | None:
    """What the resident said; None where the resident was erased, or the words are past their time, and it cannot be read
    any more."""
    holder = (await holders(session, keys, [request.resident])).get(request.resident)
    if holder is None:
        return None
    text = await queries.text_if_kept(session, request.id)
    if text is None:
        return None
    words = opened(holder, text)
    fields = ["request.subject", "request.body"]
    fields += [
        f"request.{name}" for name in ("address", "answers", "answer") if getattr(words, name) is not None
    ]
    await record_reads(session, [request.resident], fields, reading, request=request.id)
    return words


def opened(holder: Holder, text: RequestText) -> Words:
    """For whoever records the read."""
    id = text.request
    return Words(
        subject=holder.open("request", id, "subject", text.subject),
        body=holder.open("request", id, "body", text.body),
        address=holder.open_any("request", id, "address", text.address),
        answers=holder.open_any("request", id, "answers", text.answers),
        answer=holder.open_any("request", id, "answer", text.answer),
    )
