"""HTTP for every service: `create_application`, what a route gets (`Call`), and what travels (`Model`, `Page`)."""

from shared.web.application import Application, create_application
from shared.web.call import Call, Visitor
from shared.web.health import Check, readiness, readiness_of
from shared.web.idempotency import trim_idempotency_keys
from shared.web.limits import DEFAULT_QUOTAS
from shared.web.paging import Cursor, Page, cursor_query, limit_query, page
from shared.web.portal_keys import key_routes
from shared.web.problems import Problem
from shared.web.provided import provided
from shared.web.refusing import refuses
from shared.web.wire import Day, Model, Moment, PastDay, PastMoment, Text, Whole

__all__ = [
    "DEFAULT_QUOTAS",
    "Application",
    "Call",
    "Check",
    "Cursor",
    "Day",
    "Model",
    "Moment",
    "Page",
    "PastDay",
    "PastMoment",
    "Problem",
    "Text",
    "Visitor",
    "Whole",
    "create_application",
    "cursor_query",
    "key_routes",
    "limit_query",
    "page",
    "provided",
    "readiness",
    "readiness_of",
    "refuses",
    "trim_idempotency_keys",
]
