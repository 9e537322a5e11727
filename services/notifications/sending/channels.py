"""From a message and a channel to a call of a provider: the words are made here and forgotten with the call."""

import asyncio
from collections.abc import Mapping
from uuid import UUID

from services.notifications.clients.mail import Mailer
from services.notifications.clients.outcome import Outcome, technical
from services.notifications.clients.sms import AliyunSms
from services.notifications.messages.rules import Channel
from services.notifications.sending.planning import Go
from services.notifications.telling.policy import Policy
from services.notifications.templates.catalogue import Templates
from services.notifications.templates.rules import render_mail, render_sms
from shared.clock import Clock


def out_id(tenant: str, message: UUID) -> str:
    """The message as the SMS provider knows it; its receipt names the tenant and the message by it."""
    return f"{tenant}.{message}"


def read_out_id(text: str) -> tuple[str, UUID] | None:
    """None for what is none of ours."""
    tenant, _, id = text.partition(".")
    try:
        return tenant, UUID(id)
    except ValueError:
        return None


class Channels:
    """The channels that ring or write to someone; either may be missing."""

    def __init__(
        self,
        mailer: Mailer | None,
        sms: AliyunSms | None,
        templates: Templates,
        policies: Mapping[str, Policy],
        clock: Clock,
        *,
        places: Mapping[Channel, int],
    ) -> None:
        """`places`: how many calls of a channel may be under way at once."""
        self._mailer = mailer
        self._sms = sms
        self._templates = templates
        self._policies = policies
        self._clock = clock
        self.available = frozenset(
            channel
            for channel, client in ((Channel.MAIL, mailer), (Channel.SMS, sms), (Channel.INAPP, self))
            if client is not None
        )
        """What this installation can send by."""
        self._places = {channel: asyncio.Semaphore(count) for channel, count in places.items()}

    def place(self, channel: Channel) -> asyncio.Semaphore:
        return self._places[channel]

    async def send(self, tenant: str, go: Go) -> Outcome:
        if go.channel is Channel.MAIL and self._mailer is not None:
            return await self._mail(self._mailer, tenant, go)
        if go.channel is Channel.SMS and self._sms is not None:
            return await self._text(self._sms, tenant, go)
        return technical("channel_not_set_up")

    async def close(self) -> None:
        if self._mailer is not None:
            await self._mailer.close()

    async def _mail(self, mailer: Mailer, tenant: str, go: Go) -> Outcome:
        template = self._templates.version(go.claim.template, go.claim.template_version)
        community = self._policies[tenant].community(go.language)
        mail = render_mail(template, go.language, go.claim.facts, person=go.contact.name, community=community)
        return await mailer.send(
            go.claim.id, go.address, mail, community=community, language=go.language, now=self._clock()
        )

    async def _text(self, sms: AliyunSms, tenant: str, go: Go) -> Outcome:
        template = self._templates.version(go.claim.template, go.claim.template_version)
        return await sms.send(
            go.address,
            render_sms(template, go.language, go.claim.facts),
            template=template.code,
            language=go.language,
            signature=self._policies[tenant].sms_signature,
            out_id=out_id(tenant, go.claim.id),
            now=self._clock(),
        )
