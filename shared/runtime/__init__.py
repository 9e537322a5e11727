"""Putting a service together and running its processes: `api`, `worker`, `migrate`, `openapi`."""

from shared.runtime.service import Parts, Runtime, Service

__all__ = ["Parts", "Runtime", "Service"]
