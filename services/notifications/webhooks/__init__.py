"""Portals' webhooks: subscriptions, signed deliveries, retries."""
