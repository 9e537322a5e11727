"""Fixtures of the messaging tests."""

from tests.support.messaging import database, messaging_access, messaging_template
from tests.support.web import stage

__all__ = ["database", "messaging_access", "messaging_template", "stage"]
