"""Environment variables of notifications, beside those that every service has."""

from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, SecretStr, model_validator

from shared.settings import ServiceSettings
from shared.weakness import refuse_weak


class NotificationsSettings(ServiceSettings):
    smtp_host: str | None = None
    """Mail server; without it nobody gets mail."""
    smtp_port: int = Field(default=587, ge=1, le=65535)
    """Port of the mail server: 587 with STARTTLS, 465 with TLS from the first byte."""
    smtp_security: Literal["none", "starttls", "tls"] = "starttls"
    """How the connection is secured; `none` only for a mail server on the same machine."""
    smtp_username: str | None = None
    """Account at the mail server; without it nobody logs in."""
    smtp_password: SecretStr | None = None
    """Password of that account."""
    smtp_sender: str = "no-reply@longxi.example"
    """Address that mails come from."""
    smtp_connections: int = Field(default=4, ge=1, le=100)
    """Connections to the mail server, and so mails under way at a time."""
    sms_endpoint: str | None = None
    """`https://dysmsapi.aliyuncs.com`; without it nobody gets an SMS."""
    sms_key_id: str = ""
    """AccessKey ID at the SMS provider."""
    sms_key_secret: SecretStr = SecretStr("")
    """AccessKey secret at the SMS provider; it signs each call."""
    sms_templates_file: Path | None = None
    """TOML: `"<template>.<language>" = "SMS_…"`, the provider's code of its copy of each template.

    Development makes codes up from the names where there is no file.
    """
    sms_receipts: bool = True
    """The provider pushes receipts to `/v1/receipts/aliyun`. Without them, "accepted" counts as delivered."""
    sms_at_once: int = Field(default=16, ge=1, le=200)
    """Short messages under way at a time."""
    receipts_secret: SecretStr | None = None
    """Last part of the address that receipts are pushed to, or the password of Basic authentication there."""
    contact_minutes: int = Field(default=5, ge=1, le=60)
    """How long an answer about somebody's contact is kept."""
    webhook_networks: list[IPv4Network | IPv6Network] = Field(default_factory=list)
    """JSON list of networks that webhooks may reach beside public addresses, such as `["10.20.0.0/16"]`."""
    webhooks_at_once: int = Field(default=16, ge=1, le=200)
    """Calls of webhooks under way at a time."""
    drain_seconds: int = Field(default=20, ge=0, le=300)
    """How long messages that are under way may take when the worker stops."""
    message_days: int = Field(default=365, ge=14, le=3650)
    """How long finished messages are kept; longer than events can be replayed, or something is told twice."""
    delivery_days: int = Field(default=30, ge=14, le=3650)
    """The same for webhook deliveries."""

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if min(self.message_days, self.delivery_days) < self.outbox_days:
            raise ValueError("MESSAGE_DAYS and DELIVERY_DAYS have to cover OUTBOX_DAYS, the replay window")
        if self.sms_endpoint and not (self.sms_key_id and self.sms_key_secret.get_secret_value()):
            raise ValueError("with SMS_ENDPOINT, set SMS_KEY_ID and SMS_KEY_SECRET")
        if self.sms_endpoint and self.sms_receipts and self.receipts_secret is None:
            raise ValueError("set RECEIPTS_SECRET, or SMS_RECEIPTS=false where no receipts are pushed")
        if self.mode == "production":
            if self.sms_endpoint and self.sms_templates_file is None:
                raise ValueError("in production mode SMS_ENDPOINT needs SMS_TEMPLATES_FILE")
            if self.sms_endpoint and not self.sms_endpoint.startswith("https://"):
                raise ValueError("in production mode SMS_ENDPOINT has to be https")
            if self.smtp_host and self.smtp_security == "none" and self.smtp_password:
                raise ValueError("in production mode a password is not sent without SMTP_SECURITY")
            if self.receipts_secret is not None:
                refuse_weak("RECEIPTS_SECRET", self.receipts_secret)
        return self
