"""Whose inbox a caller may open: the `sub` of a resident's or worker's token is that person's id."""

from uuid import UUID

from shared.refusals import Forbidden
from shared.security import Principal


class NotAPerson(Forbidden):
    type = "not-a-person"
    zh = "此账号没有对应的居民或工作人员，没有消息箱。"
    en = "This account is no resident's or worker's, and has no inbox."


def person_of(principal: Principal) -> UUID:
    """Raises NotAPerson for an account that is nobody's, such as a portal's key."""
    try:
        return UUID(principal.subject)
    except ValueError:
        raise NotAPerson from None
