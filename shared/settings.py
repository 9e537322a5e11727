"""The environment variables that every service reads. A service adds its own in its `settings.py`.

Names are the upper-case field names. Secrets may be given as files: `DATABASE_URL_FILE=/run/secrets/…` stands for
the content of that file as `DATABASE_URL`.
"""

import os
from datetime import timedelta
from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.kafka_access import KafkaAccess, Security
from shared.weakness import refuse_weak, refuse_weak_url


class Issuer(BaseModel):
    """An OIDC issuer whose tokens are taken, with its keys by URL or in a file."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    issuer: str
    """The `iss` of its tokens, exactly."""
    audience: str = "longxi"
    """The `aud` that its tokens have to name."""
    jwks_url: str | None = None
    """Where its public keys are fetched; give this or `jwks_file`."""
    jwks_file: Path | None = None
    """Its public keys as a JWKS file, read again from time to time."""
    tenant_claim: str = "tenant"
    """Claim that names the community."""
    roles_claim: str = "roles"
    """Claim that lists the roles."""

    @model_validator(mode="after")
    def _has_keys(self) -> Self:
        if (self.jwks_url is None) == (self.jwks_file is None):
            raise ValueError("give either jwks_url or jwks_file")
        return self


class ServiceSettings(BaseSettings):
    """What all services have in common."""

    model_config = SettingsConfigDict(extra="ignore", use_attribute_docstrings=True, env_ignore_empty=True)

    mode: Literal["development", "production"] = "development"
    """Production refuses to start on what only a laptop may have."""
    database_url: str
    """The service's role: `postgresql://role:password@host:port/name`."""
    database_owner_url: str | None = None
    """The tables' owner; only `migrate` needs it."""
    database_pool: int = Field(default=10, ge=2, le=100)
    """Connections of each of the two pools of a process (sessions, and single statements)."""
    kafka_bootstrap_servers: str | None = None
    """Apache Kafka, `host:port,…`; without it the local event log."""
    kafka_security: Security = "plaintext"
    """How the brokers are spoken to. Production wants a password (`sasl_…`); `…ssl` encrypts, and belongs on every way that leaves the machine."""
    kafka_username: str | None = None
    """Account at the brokers, by SCRAM-SHA-512."""
    kafka_password: SecretStr | None = None
    """Password of that account."""
    kafka_ca_file: Path | None = None
    """Certificates (PEM) that the brokers' own descend from; without it those that the system trusts."""
    kafka_partitions: int = Field(default=6, ge=1, le=1000)
    """Partitions of a topic that has to be made; in production the operator makes the topics."""
    local_log_url: str | None = None
    """Database of the local event log."""
    log_days: int = Field(default=14, ge=1, le=3650)
    """How long topics keep their records; on Kafka it counts when a topic is made."""
    redis_url: str | None = None
    """`redis://[:password@]host:port/0`; without it each process caches for itself."""
    tenants_file: Path | None = None
    """TOML file of the communities ([what may stand in it](communities.md)); without it there is one, `longxi`."""
    oidc_issuers: list[Issuer] = Field(default_factory=list)
    """JSON list of issuers whose tokens are taken."""
    service_key_file: Path | None = None
    """Private JWK that signs this service's own tokens."""
    service_jwks_file: Path | None = None
    """Public keys of the services, as a JWKS file that is read again from time to time; without it the public half of `SERVICE_KEY_FILE`. With both the old and the new one in it that key is changed without an interruption."""
    service_issuer: str = "longxi-services"
    """The `iss` of those tokens."""
    master_key_file: Path | None = None
    """Master keys of personal data; needed by services that hold any."""
    trusted_ca_file: Path | None = None
    """Certificates (PEM) of authorities to trust beside the public ones, when identity providers, webhooks or mail servers of an intranet are called."""
    intake_url: str = "http://127.0.0.1:8101"
    """Where the other services reach intake's API."""
    casework_url: str = "http://127.0.0.1:8102"
    """Where the other services reach casework's API."""
    employment_url: str = "http://127.0.0.1:8103"
    """Where the other services reach employment's API."""
    notifications_url: str = "http://127.0.0.1:8104"
    """Where the other services reach notifications' API."""
    host: str = "127.0.0.1"
    """Address that the API and the worker's pages listen on; `0.0.0.0` in a container."""
    port: int = Field(default=8100, ge=0, le=65535)
    """Port of the HTTP API."""
    worker_port: int = Field(default=8200, ge=0, le=65535)
    """Port of the worker's /healthz, /readyz and /metrics."""
    otlp_endpoint: str | None = None
    """OpenTelemetry collector, OTLP over HTTP; without it spans are not recorded."""
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    """The least level that is logged."""
    outbox_days: int = Field(default=14, ge=1, le=3650)
    """Replay window: how long published events can be sent again."""

    @model_validator(mode="after")
    def _has_a_log(self) -> Self:
        if self.kafka_bootstrap_servers is None and self.local_log_url is None:
            raise ValueError("set KAFKA_BOOTSTRAP_SERVERS, or LOCAL_LOG_URL for the local event log")
        if self.mode == "production" and self.kafka_bootstrap_servers is None:
            raise ValueError("in production mode KAFKA_BOOTSTRAP_SERVERS has to be set")
        if "sasl" in self.kafka_security:
            for variable, value in (
                ("KAFKA_USERNAME", self.kafka_username),
                ("KAFKA_PASSWORD", self.kafka_password),
            ):
                if not value:
                    raise ValueError(f"{variable} has to be set for KAFKA_SECURITY={self.kafka_security}")
        return self

    @model_validator(mode="after")
    def _is_safe(self) -> Self:
        """In production mode no secret may be missing or weak."""
        if self.mode == "production":
            refuse_weak_url("DATABASE_URL", self.database_url)
            if self.database_owner_url:
                refuse_weak_url("DATABASE_OWNER_URL", self.database_owner_url)
            if self.redis_url:
                refuse_weak_url("REDIS_URL", self.redis_url)
            if "sasl" not in self.kafka_security:
                raise ValueError(
                    "KAFKA_SECURITY: in production mode the brokers ask for a password: sasl_plaintext or sasl_ssl"
                )
            refuse_weak("KAFKA_PASSWORD", self.kafka_password)
            if self.service_key_file is None:
                raise ValueError("SERVICE_KEY_FILE: in production mode the services' key has to be given")
        return self

    @property
    def kafka_access(self) -> KafkaAccess:
        password = self.kafka_password.get_secret_value() if self.kafka_password else None
        return KafkaAccess(self.kafka_security, self.kafka_username, password, self.kafka_ca_file)

    @property
    def log_retention(self) -> timedelta:
        return timedelta(days=self.log_days)

    def url_of(self, service: str) -> str:
        """Base URL of another service's API."""
        url: str = getattr(self, f"{service}_url")
        return url.rstrip("/")


def read_secret_files(settings: type[ServiceSettings]) -> None:
    """Put the content of the file that `NAME_FILE` names into `NAME`, for every variable that the settings read.

    A variable that is set and not empty is left alone, and so is a `…_FILE` that is a setting of its own. Raises
    OSError.
    """
    for name in settings.model_fields:
        variable, file = name.upper(), f"{name}_file"
        path = os.environ.get(file.upper())
        if path and not os.environ.get(variable) and file not in settings.model_fields:
            os.environ[variable] = Path(path).read_text().strip()
