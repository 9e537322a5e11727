"""Contacts of workers, from casework."""

import httpx

from services.notifications.clients.contacts import ContactsClient
from shared.security import ServiceTokens


def worker_contacts(http: httpx.AsyncClient, base_url: str, tokens: ServiceTokens) -> ContactsClient:
    return ContactsClient("casework", http, base_url, tokens, asked="workers", each="worker")
