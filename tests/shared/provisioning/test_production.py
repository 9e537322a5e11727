"""Production mode starts on no secret that is missing or weak, and says which."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from services.intake.settings import IntakeSettings
from services.notifications.settings import NotificationsSettings
from shared.database import Keyring
from shared.provisioning.files import new_secret
from shared.settings import ServiceSettings, read_secret_files

SECRET = new_secret()
GOOD: Mapping[str, Any] = {
    "mode": "production",
    "database_url": f"postgresql://longxi_intake:{SECRET}@postgres/longxi_intake",
    "kafka_bootstrap_servers": "kafka:9092",
    "kafka_security": "sasl_plaintext",
    "kafka_username": "intake",
    "kafka_password": SECRET,
    "redis_url": f"redis://:{SECRET}@redis/0",
    "service_key_file": "/run/secrets/service_key",
}


def test_good_ones_are_taken() -> None:
    assert IntakeSettings(**GOOD).kafka_access.password == SECRET


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("DATABASE_URL", "postgresql://longxi_intake@postgres/longxi_intake"),
        ("DATABASE_URL", "postgresql://longxi_intake:longxi@postgres/longxi_intake"),
        ("DATABASE_OWNER_URL", "postgresql://longxi_intake_owner:secret@postgres/longxi_intake"),
        ("REDIS_URL", "redis://redis/0"),
        ("KAFKA_BOOTSTRAP_SERVERS", None),
        ("KAFKA_SECURITY", "plaintext"),
        ("KAFKA_SECURITY", "ssl"),
        ("KAFKA_USERNAME", None),
        ("KAFKA_PASSWORD", None),
        ("KAFKA_PASSWORD", "short"),
        ("KAFKA_PASSWORD", "a" * 40),
        ("SERVICE_KEY_FILE", None),
    ],
)
def test_a_missing_or_weak_one_is_refused_by_name(variable: str, value: str | None) -> None:
    with pytest.raises(ValidationError) as refusal:
        IntakeSettings(**{**GOOD, "local_log_url": "postgresql://x/y", variable.lower(): value})

    (error,) = refusal.value.errors(include_input=False)
    assert variable in error["msg"]
    assert not value or len(value) < 5 or value not in error["msg"] or variable == "KAFKA_SECURITY"


def test_a_laptop_may_have_weak_ones() -> None:
    laptop = {**GOOD, "mode": "development", "kafka_password": "x", "redis_url": "redis://127.0.0.1/0"}

    assert IntakeSettings(**laptop).redis_url == "redis://127.0.0.1/0"


def test_the_word_in_the_address_of_receipts_may_not_be_guessed() -> None:
    with pytest.raises(ValidationError, match="RECEIPTS_SECRET"):
        NotificationsSettings(**GOOD, receipts_secret="receipts")


def test_a_password_shows_in_no_representation() -> None:
    settings = IntakeSettings(**GOOD)

    assert SECRET not in repr(settings.kafka_access)


def test_a_secret_may_lie_in_a_file_and_an_empty_variable_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "kafka"
    file.write_text(f"{SECRET}\n")
    monkeypatch.setenv("KAFKA_PASSWORD_FILE", str(file))
    monkeypatch.setenv("KAFKA_PASSWORD", "")
    monkeypatch.setenv("OTLP_ENDPOINT", "")
    monkeypatch.setenv("DATABASE_URL", "postgresql://x/y")
    monkeypatch.setenv("LOCAL_LOG_URL", "postgresql://x/y")

    read_secret_files(ServiceSettings)
    settings = ServiceSettings()  # from the environment

    assert settings.kafka_password is not None
    assert settings.kafka_password.get_secret_value() == SECRET
    assert settings.otlp_endpoint is None


def test_a_master_key_that_nobody_drew_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "keys.json"
    zeros = "A" * 43 + "="
    file.write_text(f'{{"current": "1", "keys": {{"1": "{zeros}"}}, "index": "{zeros}"}}')

    with pytest.raises(ValueError, match="not drawn at random"):
        Keyring.load(file)
