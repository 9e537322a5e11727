"""The `api` process: the service's HTTP application on uvicorn."""

from importlib.metadata import version

from shared.runtime.collecting import memory_kept_small
from shared.runtime.opening import built, opened
from shared.runtime.service import Parts, Runtime, S, Service
from shared.runtime.serving import http_server, serve_until, told_to_stop
from shared.security import Role, RolePermissions
from shared.web import Application, create_application
from shared.web.operations import READ, REPLAY, WRITE, Messaging
from shared.web.operations import router as operations
from shared.web.portal_keys import PERMISSION as KEYS
from shared.web.portal_keys import key_routes
from shared.web.resending import REPLAY_RESTRICTED

# What every service lets these do, beside what it says itself. A service asks another to send missing events again.
_EVERYWHERE: RolePermissions = {
    Role.OPERATOR: frozenset({READ, WRITE, REPLAY_RESTRICTED, KEYS}),
    Role.HEAD: frozenset({KEYS}),
    Role.SERVICE: frozenset({REPLAY, REPLAY_RESTRICTED}),
}


def permissions_of(service: Service[S]) -> RolePermissions:
    """The service's own permissions and those that every service has."""
    nothing: frozenset[str] = frozenset()
    return {
        role: service.permissions.get(role, nothing) | _EVERYWHERE.get(role, nothing)
        for role in {*service.permissions, *_EVERYWHERE}
    }


def application(service: Service[S], runtime: Runtime[S], parts: Parts) -> Application:
    """The service's routes and those that every service has."""
    return create_application(
        service.name,
        version=version("longxi"),
        routers=[*parts.routers, operations, key_routes()],
        runtime=runtime,
        permissions=permissions_of(service),
        provides=[
            *parts.provides,
            Messaging(service.name, tuple(dict.fromkeys(service.consumes)), runtime.log),
        ],
    )


async def serve(service: Service[S], settings: S) -> None:
    """Answer requests until SIGTERM or Ctrl-C, then finish those in flight."""
    stop = told_to_stop()
    async with opened(service, settings, "api") as runtime:
        app = application(service, runtime, built(service, runtime))
        async with memory_kept_small():
            await serve_until(stop, http_server(app, settings.host, settings.port))
