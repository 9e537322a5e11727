"""Fingerprints of requests that are open or recent, and the terms by which they are found."""

from uuid import UUID

from sqlalchemy import ForeignKey, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from services.intake.tables import OWN_TENANT, Base


class RequestFingerprint(Base):
    """The sketch of a request's words (`fingerprints.Fingerprint.packed`). Gone with the resident's key."""

    __tablename__ = "request_fingerprint"

    request: Mapped[UUID] = mapped_column(ForeignKey("request.id"), primary_key=True)
    sketch: Mapped[bytes]


class RequestTerm(Base):
    """One of the most telling terms of a request, as a keyed hash. Two requests that share some are compared.

    No foreign key and no second index, since a filing writes a dozen: the sketch says which terms a request has.
    """

    __tablename__ = "request_term"

    tenant: Mapped[str] = mapped_column(String(31), primary_key=True, server_default=OWN_TENANT)
    term: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    request: Mapped[UUID] = mapped_column(primary_key=True)


class RequestUnprinted(Base):
    """A request whose fingerprint is still to be made (`printing`). One row is what a filing writes for it.

    Read for all communities at once, so that nobody asks each of them every second.
    """

    __tablename__ = "request_unprinted"

    tenant: Mapped[str] = mapped_column(String(31), primary_key=True, server_default=OWN_TENANT)
    request: Mapped[UUID] = mapped_column(primary_key=True)
