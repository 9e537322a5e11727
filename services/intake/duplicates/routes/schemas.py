"""What travels about requests that are alike or joined."""

from typing import Annotated

from services.intake.duplicates.wire import SimilarRequest
from services.intake.requests.routes.schemas import AddressText, Body, Category, RequestLine, Subject
from shared.web import Model, Text


class Concern(Model):
    """What somebody is about to file."""

    subject: Subject
    body: Body
    address: AddressText | None = None
    category: Category | None = None


class SimilarRequests(Model):
    items: list[SimilarRequest]
    """The most alike first."""


class Joining(Model):
    of: Annotated[str, Text(40)]
    """The request that goes on for both: its id or its reference number. One that is joined itself stands for its own
    main request."""


class JoinedRequests(Model):
    items: list[RequestLine]
    """The oldest first."""
