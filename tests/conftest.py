"""Fixtures for all tests; they live in tests/support, a file for each real part."""

pytest_plugins = [
    "tests.support.backups",
    "tests.support.postgres",
    "tests.support.clock",
    "tests.support.redis",
    "tests.support.kafka",
    "tests.support.event_logs",
    "tests.support.platform",
    "tests.support.community",
    "tests.support.applications",
]
