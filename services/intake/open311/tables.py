"""What an Open311 client said of a request beside its words."""

from uuid import UUID

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from services.intake.tables import Base


class RequestReport(Base):
    """Coordinates, address id and media address: JSON, encrypted with the resident's key, context
    `request.report:<request>`. None of it is published."""

    __tablename__ = "request_report"

    request: Mapped[UUID] = mapped_column(ForeignKey("request.id"), primary_key=True)
    sealed: Mapped[bytes]
