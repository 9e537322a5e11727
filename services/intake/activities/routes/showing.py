"""Rows as they are shown."""

from collections.abc import Mapping
from uuid import UUID

from services.intake.activities.lives import life_of
from services.intake.activities.roster import Lane, Place
from services.intake.activities.routes.people import OwnLine, RosterLine
from services.intake.activities.routes.schemas import (
    ActivityLine,
    ActivityRecord,
    LaneLine,
    Mine,
    Moved,
    StoryLine,
)
from services.intake.activities.rules import Life, State, allowed_moves
from services.intake.activities.tables import Activity, ActivityStory, SignUp
from services.intake.wire import word
from shared.contracts.vocabulary import name
from shared.refusals import Language


def line(row: Activity, lanes: Mapping[str, Lane], votes: int, language: Language) -> ActivityLine:
    return ActivityLine(**_line(row, lanes, votes, language))  # type: ignore[arg-type]  # fields by name


def record(
    row: Activity,
    lanes: Mapping[str, Lane],
    votes: int,
    language: Language,
    *,
    voted: bool,
    mine: Mine | None,
    proposer: UUID | None,
) -> ActivityRecord:
    return ActivityRecord(
        **_line(row, lanes, votes, language),  # type: ignore[arg-type]  # fields by name
        description=row.description,
        meeting_point=row.meeting_point,
        lowest_age=row.lowest_age,
        highest_age=row.highest_age,
        guardian_below=row.guardian_below,
        reason=row.reason,
        reason_name=word("activity_cancel_reason", row.reason, language),
        version=row.version,
        allowed=list(allowed_moves(life_of(row))),
        voted=voted,
        mine=mine,
        proposed_by=proposer,
    )


def _line(row: Activity, lanes: Mapping[str, Lane], votes: int, language: Language) -> dict[str, object]:
    return {
        "id": row.id,
        "number": row.number,
        "kind": row.kind,
        "kind_name": name("activity_kind", row.kind, language),
        "title": row.title,
        "state": State(row.state),
        "state_name": name("activity_state", row.state, language),
        "starts": row.starts,
        "ends": row.ends,
        "sign_up_from": row.sign_up_from,
        "sign_up_until": row.sign_up_until,
        "venue": row.venue,
        "series": row.series,
        "lanes": [
            LaneLine(
                lane=lane,
                name=name("activity_lane", lane, language),
                places=it.places,
                taken=it.taken,
                waiting=it.waiting,
            )
            for lane, it in lanes.items()
        ],
        "votes": votes if row.state == State.PROPOSED else None,
    }


def moved(id: UUID, life: Life) -> Moved:
    return Moved(id=id, state=life.state, version=life.version, allowed=list(allowed_moves(life)))


def mine(row: SignUp, position: int | None) -> Mine:
    return Mine(
        lane=row.lane,
        state=Place(row.state),
        position=position,
        decline_until=row.decline_until,
        checked_in=row.checked_in,
        checked_out=row.checked_out,
    )


def roster_line(row: SignUp) -> RosterLine:
    return RosterLine(
        id=row.id,
        resident=row.resident,
        lane=row.lane,
        sequence=row.sequence,
        state=Place(row.state),
        signed_by=row.signed_by,
        at=row.at,
        promoted=row.promoted,
        late=row.late,
        checked_in=row.checked_in,
        checked_out=row.checked_out,
        by_hand=row.by_hand,
        minutes=row.minutes,
    )


def own_line(row: SignUp, activity: Activity, language: Language) -> OwnLine:
    return OwnLine(
        id=row.id,
        activity=activity.id,
        number=activity.number,
        kind=activity.kind,
        title=activity.title,
        starts=activity.starts,
        resident=row.resident,
        lane=row.lane,
        state=Place(row.state),
        state_name=name("sign_up_state", row.state, language),
        minutes=row.minutes,
    )


def story_line(row: ActivityStory, language: Language) -> StoryLine:
    return StoryLine(
        at=row.at,
        entry=row.entry,
        name=name("activity_move", row.entry, language),
        from_state=None if row.from_state is None else State(row.from_state),
        to_state=State(row.to_state),
        role=row.role,
        by=row.actor,
        reason=row.reason,
        details=row.details,
    )


__all__ = ["line", "mine", "moved", "own_line", "record", "roster_line", "story_line"]
