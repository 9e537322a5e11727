"""Requests and their stories, as they are shown."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from services.intake.anonymous.rules import Complainant
from services.intake.questions.rules import unpacked
from services.intake.questions.schemas import AnswerLine
from services.intake.requests.filing import Words
from services.intake.requests.limits import LimitKind, Limits
from services.intake.requests.lives import life_of
from services.intake.requests.routes.schemas import (
    DueChange,
    FiledBy,
    RequestLine,
    RequestRecord,
    StepLimit,
    StoryLine,
)
from services.intake.requests.rules import Life, State, allowed_moves
from services.intake.requests.tables import Request, StoryEntry, Telling
from services.intake.wire import word
from shared.contracts.intake import Channel, Outcome, Urgency
from shared.contracts.vocabulary import name
from shared.refusals import Language

RETURNABLE = {State.DISPATCHED, State.IN_PROGRESS}
_MOVE_DUE = frozenset({"due_changed", "supervise", "reclassify"})
_NEW_DUE = frozenset({"reopen", "separate", "promote"})
_SHOWN_TO_JOINED = frozenset(
    {"limit", "due", "before", "provisional", "outcome", "within_limit", "returns", "result"}
)
_REASONS = {
    "reject": "rejection_reason",
    "return": "return_reason",
    "rework": "rework_reason",
    "reopen": "reopen_reason",
    "rate": "exclusion_reason",
    "due_changed": "due_change_reason",
    "reclassify": "reclassify_reason",
    "supervise": "supervision_reason",
}


def line(row: Request, language: Language) -> RequestLine:
    return RequestLine(**_facts(row, life_of(row), language))


def record(
    row: Request, words: Words | None, filing: StoryEntry | None, limits: Limits, language: Language
) -> RequestRecord:
    """`filing` is the first entry of its story."""
    life = life_of(row)
    return RequestRecord(
        **_facts(row, life, language),
        filed_by=_filed_by(filing, language),
        subject=None if words is None else words.subject,
        body=None if words is None else words.body,
        address=None if words is None else words.address,
        answers=[
            AnswerLine.of(each, language) for each in unpacked(None if words is None else words.answers)
        ],
        answer=None if words is None else words.answer,
        return_until=limits.start(LimitKind.RETURN, life.dispatched, Urgency(row.urgency)).due
        if life.state in RETURNABLE and life.dispatched is not None
        else None,
        allowed=list(allowed_moves(life)),
    )


def _filed_by(filing: StoryEntry | None, language: Language) -> FiledBy:
    details = {} if filing is None else filing.details or {}
    complainant = Complainant(details.get("complainant", Complainant.RESIDENT))
    return FiledBy(
        role="service" if filing is None else filing.role,
        complainant=complainant,
        complainant_name=name("complainant", complainant.value, language),
        on_behalf=bool(details.get("on_behalf", False)),
    )


def _facts(row: Request, life: Life, language: Language) -> dict[str, Any]:
    step = life.step
    return {
        "id": row.id,
        "reference": row.reference,
        "state": life.state,
        "resident": row.resident,
        "category": row.category,
        "category_name": word("category", row.category, language),
        "urgency": Urgency(row.urgency),
        "channel": Channel(row.channel),
        "grid": row.grid,
        "place": row.place,
        "worker": life.worker,
        "filed": row.filed,
        "submitted": row.submitted,
        "source": row.source,
        "external_id": row.external_id,
        "history": row.history,
        "parent": row.parent,
        "due": life.handle.due,
        "due_provisional": life.handle.provisional,
        "overdue": row.handle_open and life.handle_overdue is not None,
        "supervised": life.supervised,
        "supervision_reason": life.supervision_reason,
        "step": None
        if step is None
        else StepLimit(limit=step.kind, due=step.due, provisional=step.provisional),
        "returns": life.returns,
        "head_decides": life.head_decides,
        "reopenings": life.reopenings,
        "closed": life.closed,
        "outcome": None if life.outcome is None else Outcome(life.outcome),
        "within_limit": life.within_limit,
        "working_minutes": life.working_minutes,
        "duplicate_of": life.duplicate_of,
        "reason": life.reason,
        "version": life.version,
    }


def entry_line(row: StoryEntry, language: Language) -> StoryLine:
    kind = _REASONS.get(row.entry)
    return StoryLine(
        at=row.at,
        entry=row.entry,
        name=name("request_entry", row.entry, language),
        from_state=None if row.from_state is None else State(row.from_state),
        to_state=State(row.to_state),
        role=row.role,
        by=row.actor,
        reason=row.reason,
        reason_name=None if kind is None else word(kind, row.reason, language),
        details=row.details,
    )


def due_changes(lines: Sequence[StoryLine]) -> list[DueChange]:
    """What of a story moved the limit for handling, in its order."""
    found = []
    for line in lines:
        details = line.details or {}
        moved = line.entry in {"supervise", "reclassify"} or details.get("limit") == "handle"
        if line.entry in _NEW_DUE:
            # Entries of before this was written down do not say it.
            due, before = details.get("handle_due"), None
        elif line.entry in _MOVE_DUE and moved:
            due, before = details.get("due"), details.get("before")
        else:
            continue
        if due is not None and (due != before or line.entry == "due_changed"):
            found.append(
                DueChange(
                    at=line.at,
                    before=None if before is None else datetime.fromisoformat(before),
                    due=datetime.fromisoformat(due),
                    provisional=bool(details.get("provisional")),
                    entry=line.entry,
                    reason=line.reason,
                    reason_name=line.reason_name,
                )
            )
    return found


def followed_line(row: StoryEntry, lines: list[StoryLine], language: Language) -> StoryLine:
    """What happened to the request that this one is joined to. Who did it, and to whose request, is not shown."""
    state = next((line.to_state for line in reversed(lines) if line.at <= row.at), lines[0].to_state)
    kind = _REASONS.get(row.entry)
    shown = {key: value for key, value in (row.details or {}).items() if key in _SHOWN_TO_JOINED}
    return StoryLine(
        at=row.at,
        entry="followed",
        name=f"{name('request_entry', 'followed', language)}: {name('request_entry', row.entry, language)}",
        from_state=state,
        to_state=state,
        role="service",
        by="intake",
        reason=row.reason,
        reason_name=None if kind is None else word(kind, row.reason, language),
        details={"of": str(row.request), "what": row.entry, **shown},
    )


def told(row: Telling, lines: list[StoryLine], language: Language) -> StoryLine:
    entry = "told" if row.state == "delivered" else "not_told"
    state = next((line.to_state for line in reversed(lines) if line.at <= row.at), lines[0].to_state)
    return StoryLine(
        at=row.at,
        entry=entry,
        name=name("request_entry", entry, language),
        from_state=state,
        to_state=state,
        role="service",
        by="notifications",
        reason=None if row.state == "delivered" else row.state,
        reason_name=word("message_state", row.state, language),
        details={
            "event": row.event,
            "recipient": str(row.recipient),
            "recipient_kind": row.recipient_kind,
            "channel": row.channel,
            "template": row.template,
            "message": str(row.message),
        },
    )
