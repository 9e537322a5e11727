"""The former place of `key_routes`, for callers that still import it from here; it lives in `shared.web`.

It reaches up a layer, so it goes as soon as nothing imports it.
"""

from shared.web.portal_keys import key_routes

__all__ = ["key_routes"]
