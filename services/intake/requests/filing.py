"""A request ready to be written: what was asked, checked, encrypted, with its number and its limits."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from services.intake.actor import Actor
from services.intake.anonymous.rules import Complainant
from services.intake.requests.limits import LimitKind, Limits
from services.intake.requests.rules import Life, State
from services.intake.residents.keys import Holder
from services.intake.understanding.evidence import Evidence
from services.intake.understanding.rules import Proposal
from shared.contracts.intake import Channel, RequestFiled, Urgency
from shared.database import new_id


@dataclass(frozen=True, slots=True)
class Words:
    """What the resident says, in clear."""

    subject: str
    body: str
    address: str | None = None
    answers: str | None = None
    """To the extra questions of its category (`questions.rules.packed`)."""
    answer: str | None = None
    """What the community said to it when it closed it."""


@dataclass(frozen=True, slots=True)
class Particulars:
    """Everything else that is known at filing."""

    channel: Channel
    urgency: Urgency = Urgency.NORMAL
    category: str | None = None
    grid: UUID | None = None
    place: str | None = None
    """The place by which the grid was found."""
    prefers_same_gender: bool = False
    on_behalf: bool = False
    """Someone else filed it for the resident."""
    complainant: Complainant = Complainant.RESIDENT
    submitted: datetime | None = None
    source: str | None = None
    external_id: str | None = None
    history: bool = False
    parent: UUID | None = None
    """The request that this one is a part of."""


@dataclass(frozen=True, slots=True)
class Filing:
    id: UUID
    reference: str
    filed: datetime
    """Now; for a record of the past, when it was submitted."""
    resident: UUID
    gender: str | None
    subject: bytes
    body: bytes
    address: bytes | None
    answers: bytes | None
    evidence: bytes | None
    """The words that speak for the proposal."""
    particulars: Particulars
    life: Life
    actor: Actor
    proposal: Proposal | None = None
    """What a machine read out of its words; None where its category was given."""

    @property
    def details(self) -> Mapping[str, Any]:
        """For the first entry of the story."""
        said = self.particulars
        details: dict[str, Any] = {"channel": said.channel.value}
        if said.on_behalf:
            details["on_behalf"] = True
        if said.complainant is not Complainant.RESIDENT:
            details["complainant"] = said.complainant.value
        if said.source is not None:
            details["source"] = said.source
        return details

    def event(self) -> RequestFiled:
        said = self.particulars
        return RequestFiled(
            request=self.id,
            resident=self.resident,
            reference=self.reference,
            category=said.category,
            urgency=said.urgency,
            grid=said.grid,
            channel=said.channel,
            filed=self.filed,
            due=self.life.handle.due,
            due_provisional=self.life.handle.provisional,
            prefers_same_gender=said.prefers_same_gender,
            resident_gender=self.gender if said.prefers_same_gender else None,
            history=said.history,
            parent=said.parent,
        )


def prepare(
    words: Words,
    particulars: Particulars,
    *,
    holder: Holder,
    reference: str,
    now: datetime,
    limits: Limits,
    actor: Actor,
    proposal: Proposal | None = None,
) -> Filing:
    """Encrypt and date a filing. Without I/O, so that every path to the database files the same."""
    id = new_id()
    filed = particulars.submitted or now if particulars.history else now
    handle = limits.start(LimitKind.HANDLE, filed, particulars.urgency)
    if particulars.history:
        life = Life(state=State.CLOSED, handle=handle, step=None, history=True, closed=filed)
    else:
        accept = limits.start(LimitKind.ACCEPT, filed, particulars.urgency)
        life = Life(state=State.FILED, handle=handle, step=accept)
    return Filing(
        id=id,
        reference=reference,
        filed=filed,
        resident=holder.resident,
        gender=holder.gender,
        subject=holder.seal("request", id, "subject", words.subject),
        body=holder.seal("request", id, "body", words.body),
        address=holder.seal_any("request", id, "address", words.address),
        answers=holder.seal_any("request", id, "answers", words.answers),
        evidence=None
        if proposal is None
        else holder.seal("request", id, "evidence", Evidence.of(proposal.reading).packed()),
        particulars=particulars,
        life=life,
        actor=actor,
        proposal=proposal,
    )
