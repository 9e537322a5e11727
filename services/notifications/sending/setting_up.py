"""The channels that the settings describe."""

import tomllib
import uuid
from collections.abc import Mapping

import httpx

from services.notifications.clients.mail import MailAccount, Mailer
from services.notifications.clients.sms import AliyunAccount, AliyunSms
from services.notifications.messages.rules import Channel
from services.notifications.sending.channels import Channels
from services.notifications.settings import NotificationsSettings
from services.notifications.telling.policy import Policy
from services.notifications.templates.catalogue import Templates
from services.notifications.templates.rules import LANGUAGES
from shared.clock import Clock


def channels_of(
    settings: NotificationsSettings,
    http: httpx.AsyncClient,
    templates: Templates,
    policies: Mapping[str, Policy],
    clock: Clock,
) -> Channels:
    """Raises ValueError for a file of template codes that cannot be right."""
    return Channels(
        _mailer(settings),
        _sms(settings, http, templates),
        templates,
        policies,
        clock,
        places={
            Channel.MAIL: settings.smtp_connections,
            Channel.SMS: settings.sms_at_once,
        },
    )


def _mailer(settings: NotificationsSettings) -> Mailer | None:
    if settings.smtp_host is None:
        return None
    password = settings.smtp_password
    return Mailer(
        MailAccount(
            host=settings.smtp_host,
            port=settings.smtp_port,
            sender=settings.smtp_sender,
            security=settings.smtp_security,
            username=settings.smtp_username,
            password=password.get_secret_value() if password else None,
            ca_file=settings.trusted_ca_file,
            connections=settings.smtp_connections,
        )
    )


def _sms(settings: NotificationsSettings, http: httpx.AsyncClient, templates: Templates) -> AliyunSms | None:
    if settings.sms_endpoint is None:
        return None
    account = AliyunAccount(
        endpoint=settings.sms_endpoint,
        key_id=settings.sms_key_id,
        key_secret=settings.sms_key_secret.get_secret_value(),
        templates=_template_codes(settings, templates),
        receipts=settings.sms_receipts,
    )
    return AliyunSms(account, http, nonce=lambda: uuid.uuid4().hex)


def _template_codes(settings: NotificationsSettings, templates: Templates) -> dict[str, str]:
    """`<template>.<language>` → the provider's code. Every template has to be there."""
    wanted = [f"{code}.{language}" for code in sorted(templates.codes()) for language in LANGUAGES]
    if settings.sms_templates_file is None:
        return {name: "SMS_" + name.replace(".", "_").upper() for name in wanted}
    with settings.sms_templates_file.open("rb") as file:
        table = tomllib.load(file)
    missing = [name for name in wanted if not isinstance(table.get(name), str)]
    if missing:
        raise ValueError(f"{settings.sms_templates_file.name}: no code for {', '.join(missing)}")
    return {name: table[name] for name in wanted}
