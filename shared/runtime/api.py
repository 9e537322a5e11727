"""The `api` process: the service's HTTP application on uvicorn."""

from importlib.metadata import version

from shared.messaging.operations import router as operations
from shared.runtime.opening import opened
from shared.runtime.service import Parts, Runtime, S, Service
from shared.runtime.serving import http_server, serve_until, told_to_stop
from shared.security.routes import key_routes
from shared.web import Application, create_application


def application(service: Service[S], runtime: Runtime[S], parts: Parts) -> Application:
    """The service's routes and those that every service has."""
    return create_application(
        service.name,
        version=version("longxi"),
        routers=[*parts.routers, operations, key_routes()],
        runtime=runtime,
        permissions=service.permissions,
        provides=parts.provides,
    )


async def serve(service: Service[S], settings: S) -> None:
    """Answer requests until SIGTERM or Ctrl-C, then finish those in flight."""
    stop = told_to_stop()
    async with opened(service, settings, "api") as runtime:
        app = application(service, runtime, service.build(runtime))
        await serve_until(stop, http_server(app, settings.host, settings.port))
