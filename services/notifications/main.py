"""Wiring of notifications."""

from datetime import timedelta

from services.notifications.clients.casework import worker_contacts
from services.notifications.clients.intake import resident_contacts
from services.notifications.clients.webhook import WebhookCaller
from services.notifications.inbox.routes import router as inbox_router
from services.notifications.messages.jobs import expiry
from services.notifications.messages.routes import router as messages_router
from services.notifications.messages.tables import Message
from services.notifications.permissions import PERMISSIONS
from services.notifications.preferences.routes import router as preferences_router
from services.notifications.receipts.routes import ReceiptDesk
from services.notifications.receipts.routes import router as receipts_router
from services.notifications.retention.jobs import retention
from services.notifications.sending import measures as sending_measures
from services.notifications.sending.background import Line
from services.notifications.sending.channels import Channels
from services.notifications.sending.contacts import Contacts
from services.notifications.sending.planning import Taken
from services.notifications.sending.queries import next_due
from services.notifications.sending.sender import Pace, Sender
from services.notifications.sending.setting_up import channels_of
from services.notifications.settings import NotificationsSettings
from services.notifications.tables import Base
from services.notifications.telling import handlers as telling_handlers
from services.notifications.telling.actions import MESSAGE_DUE
from services.notifications.telling.policy import policies_of
from services.notifications.telling.rules import facts_by_template
from services.notifications.telling.tables import CaseHolder, KnownRequest
from services.notifications.templates.catalogue import check, load
from services.notifications.webhooks import handlers as webhook_handlers
from services.notifications.webhooks.actions import DELIVERY_DUE
from services.notifications.webhooks.jobs import clearing
from services.notifications.webhooks.queries import DueDelivery
from services.notifications.webhooks.queries import next_due as next_delivery_due
from services.notifications.webhooks.routes import router as webhooks_router
from services.notifications.webhooks.secrets import Secrets
from services.notifications.webhooks.sender import WebhookSender
from shared.contracts.notifications import RecipientKind
from shared.database.rewrapping import WrappedKeys
from shared.messaging.handlers import Handlers
from shared.messaging.watching import Watch
from shared.runtime.service import Parts, Runtime, Service
from shared.runtime.tables import attach_infrastructure
from shared.trusting import client_context

attach_infrastructure(Base.metadata)


def build(runtime: Runtime[NotificationsSettings]) -> Parts:
    """Raises ValueError or BadTemplates for what cannot be right, before the service starts."""
    return parts_of(runtime, contacts_of(runtime))


def parts_of(runtime: Runtime[NotificationsSettings], contacts: Contacts) -> Parts:
    settings, clock, tenants, database = runtime.settings, runtime.clock, runtime.tenants, runtime.database
    policies = policies_of(tenants)
    templates = load()
    for policy in policies.values():
        check(templates, facts_by_template(), signature=f"【{policy.sms_signature}】")
    secrets = Secrets(runtime.keyring)
    channels = channels_of(settings, runtime.http, templates, policies, clock)
    sender = Sender(
        database,
        contacts=contacts,
        channels=channels,
        templates=templates,
        policies=policies,
        clock=clock,
        pace=Pace(),
    )
    handlers = Handlers()
    telling_handlers.register(
        handlers,
        templates=templates,
        policies=policies,
        contacts=contacts,
        clock=clock,
        deliver=sender.deliver_new,
    )
    webhook_handlers.register(handlers, clock)
    watch = Watch()
    sending_measures.register(watch)
    return Parts(
        routers=[inbox_router, preferences_router, messages_router, webhooks_router, receipts_router],
        handlers=handlers,
        jobs=[
            expiry(database, tenants, clock),
            clearing(database, tenants, clock),
            retention(
                database,
                tenants,
                clock,
                messages=timedelta(days=settings.message_days),
                deliveries=timedelta(days=settings.delivery_days),
            ),
        ],
        background=[
            message_line(runtime, sender, channels).run,
            delivery_line(runtime, secrets).run,
        ],
        watch=watch,
        measures=[
            sending_measures.overdue(
                database, tenants, clock, {"message": next_due, "webhook": next_delivery_due}
            ),
        ],
        provides=[templates, secrets, settings, ReceiptDesk(database, tenants, settings.receipts_secret)],
    )


def contacts_of(runtime: Runtime[NotificationsSettings]) -> Contacts:
    settings = runtime.settings
    owners = {
        RecipientKind.RESIDENT: resident_contacts(runtime.http, settings.url_of("intake"), runtime.tokens),
        RecipientKind.WORKER: worker_contacts(runtime.http, settings.url_of("casework"), runtime.tokens),
    }
    ttl = timedelta(minutes=settings.contact_minutes)
    return Contacts(runtime.cache, owners, ttl=ttl, keyring=runtime.keyring)


def message_line(runtime: Runtime[NotificationsSettings], sender: Sender, channels: Channels) -> Line[Taken]:
    """The loop that sends messages."""
    settings, clock, database, pace = runtime.settings, runtime.clock, runtime.database, Pace()
    return Line(
        database,
        sender,
        runtime.tenants,
        channel=MESSAGE_DUE,
        next_due=next_due,
        clock=clock,
        batch=pace.batch,
        capacity=pace.capacity,
        drain=timedelta(seconds=settings.drain_seconds),
        closing=channels.close,
    )


def delivery_line(runtime: Runtime[NotificationsSettings], secrets: Secrets) -> Line[DueDelivery]:
    """The loop that calls webhooks."""
    settings, clock, database = runtime.settings, runtime.clock, runtime.database
    caller = WebhookCaller(
        allowed=settings.webhook_networks,
        loopback=settings.mode == "development",
        connections=settings.webhooks_at_once,
        tls=client_context(settings.trusted_ca_file),
    )
    return Line(
        database,
        WebhookSender(database, caller, secrets, clock, at_once=settings.webhooks_at_once),
        runtime.tenants,
        channel=DELIVERY_DUE,
        next_due=next_delivery_due,
        clock=clock,
        batch=settings.webhooks_at_once,
        capacity=settings.webhooks_at_once * 4,
        drain=timedelta(seconds=settings.drain_seconds),
        closing=caller.close,
    )


# These are written by statements of their own, so nothing else would bring them into the metadata.
TABLES = (Message, KnownRequest, CaseHolder)

SERVICE = Service(
    name="notifications",
    settings=NotificationsSettings,
    permissions=PERMISSIONS,
    metadata=Base.metadata,
    build=build,
    consumes=("intake.events", "casework.events", "employment.events"),
    wrapped=(WrappedKeys("webhook", "id", "wrapped_key"),),
)
