"""Reading a request's words: decrypted for whoever may see them, and written down in the same transaction."""

from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.requests import queries
from services.intake.requests.filing import Words
from services.intake.requests.tables import Request
from services.intake.residents.actions import Reading, record_reads
from services.intake.residents.keys import Keys
from services.intake.residents.queries import holders


async def words_of(session: AsyncSession, keys: Keys, request: Request, reading: Reading) -> Words | None:
    """What the resident said; None where the resident was erased and it cannot be read any more."""
    holder = (await holders(session, keys, [request.resident])).get(request.resident)
    if holder is None:
        return None
    text = await queries.text_of(session, request.id)
    words = Words(
        subject=holder.open("request", request.id, "subject", text.subject),
        body=holder.open("request", request.id, "body", text.body),
        address=holder.open_any("request", request.id, "address", text.address),
    )
    fields = ["request.subject", "request.body"] + ([] if words.address is None else ["request.address"])
    await record_reads(session, [request.resident], fields, reading, request=request.id)
    return words
