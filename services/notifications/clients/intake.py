"""Contacts of residents, from intake."""

import httpx

from services.notifications.clients.contacts import ContactsClient
from shared.security import ServiceTokens


def resident_contacts(http: httpx.AsyncClient, base_url: str, tokens: ServiceTokens) -> ContactsClient:
    return ContactsClient("intake", http, base_url, tokens, asked="residents", each="resident")
