"""Changes to residents that others have to follow."""

from shared.contracts.base import Event, Flag, Owner, PersonalId


class ResidentContactChanged(Event):
    """A resident's ways to be reached changed; whoever remembers the old ones forgets them."""

    type = "resident.contact_changed"
    owner = Owner.INTAKE
    aggregate = "resident"
    consumers = ("notifications",)

    resident: PersonalId


class ResidentErased(Event):
    """A resident's personal data was destroyed; whoever holds anything of it destroys it too."""

    type = "resident.erased"
    owner = Owner.INTAKE
    aggregate = "resident"
    consumers = ("casework", "employment", "notifications")

    resident: PersonalId


class ReadQuestionAnswered(Event):
    """The community answered a resident who had asked why their data was read (问询). The words stay in intake."""

    type = "read_question.answered"
    owner = Owner.INTAKE
    aggregate = "question"
    consumers = ("notifications",)

    question: PersonalId
    resident: PersonalId
    within_limit: Flag
    """Within 3 working days."""
