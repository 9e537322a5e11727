"""Whose certificates a service trusts when it calls somebody: the usual public authorities, and those of an intranet."""

import ssl
from pathlib import Path


def client_context(ca_file: Path | None) -> ssl.SSLContext:
    """Checks names and certificates. `ca_file` (PEM) is trusted beside what the system and certifi know.

    Raises OSError for a file that cannot be read or holds no certificate.
    """
    import certifi  # noqa: PLC0415 - 280 kB of certificates, and only for processes that call others

    context = ssl.create_default_context(cafile=certifi.where())
    context.load_default_certs()
    if ca_file is not None:
        context.load_verify_locations(cafile=ca_file)
    return context


__all__ = ["client_context"]
