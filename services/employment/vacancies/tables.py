"""What employers offer. The organisation is public; who to speak to there is not kept here."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, String, Uuid, text
from sqlalchemy.orm import Mapped, mapped_column

from services.employment.tables import CODES, Base
from shared.database import UtcTime


class Vacancy(Base):
    __tablename__ = "vacancy"
    __table_args__ = (
        Index(
            "ix_vacancy_open",
            "tenant",
            "occupation",
            "expires",
            postgresql_where=text("state = 'published'"),
        ),
        CheckConstraint("posts > 0 AND taken BETWEEN 0 AND posts", name="posts_add_up"),
        CheckConstraint("pay_from > 0 AND pay_to >= pay_from", name="pay_is_a_range"),
        CheckConstraint("(state = 'closed') = (closing_reason IS NOT NULL)", name="closing_has_a_reason"),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    state: Mapped[str] = mapped_column(String(16))
    organisation: Mapped[str] = mapped_column(String(80))
    occupation: Mapped[str] = mapped_column(String(48))
    posts: Mapped[int]
    taken: Mapped[int] = mapped_column(server_default=text("0"))
    required_skills: Mapped[list[str]] = mapped_column(CODES)
    wished_skills: Mapped[list[str]] = mapped_column(CODES)
    certificates: Mapped[list[str]] = mapped_column(CODES)
    education: Mapped[str | None] = mapped_column(String(48))
    """The least that is asked for."""
    experience_years: Mapped[int]
    pay_from: Mapped[int]
    """Fen a month, as `pay_to`."""
    pay_to: Mapped[int]
    area: Mapped[str] = mapped_column(String(12))
    """Area code of the work place."""
    shifts: Mapped[list[str]] = mapped_column(CODES)
    """Shifts to choose from; none leaves it open."""
    starts_on: Mapped[date | None]
    public_welfare: Mapped[bool]
    """A public-welfare post (公益性岗位)."""
    expires: Mapped[datetime] = mapped_column(UtcTime)
    version: Mapped[int] = mapped_column(server_default=text("1"))
    created: Mapped[datetime] = mapped_column(UtcTime)
    created_by: Mapped[str] = mapped_column(String(255))
    """The caller's subject, as `checked_by`."""
    checked_by: Mapped[str | None] = mapped_column(String(255))
    published: Mapped[datetime | None] = mapped_column(UtcTime)
    ended: Mapped[datetime | None] = mapped_column(UtcTime)
    """When it was filled, expired or closed."""
    closing_reason: Mapped[str | None] = mapped_column(String(48))
