"""Pictures of a QR code (ISO/IEC 18004)."""

import io

import segno

MEDIA = {"svg": "image/svg+xml", "png": "image/png"}
_SCALE = 12
"""Pixels of a module in the PNG: some 500 pixels across, for a screen that is scanned from two metres away."""


def picture(payload: str, kind: str) -> bytes:
    """`kind` is a key of MEDIA. Error correction M (15 %), as is usual for screens."""
    code = segno.make_qr(payload, error="m", boost_error=False)
    out = io.BytesIO()
    code.save(out, kind=kind, scale=_SCALE)
    return out.getvalue()


__all__ = ["MEDIA", "picture"]
