"""Fixtures of these tests."""

from tests.support.web import database, stage, web_access, web_template

__all__ = ["database", "stage", "web_access", "web_template"]
