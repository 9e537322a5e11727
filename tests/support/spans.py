"""A collector of spans that speaks OTLP over HTTP, as a real one does."""

from dataclasses import dataclass, field

from fastapi import FastAPI, Request, Response
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)


@dataclass(slots=True)
class Collector:
    requests: list[ExportTraceServiceRequest] = field(default_factory=list)

    @property
    def names(self) -> set[str]:
        return {
            span.name
            for request in self.requests
            for resource in request.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        }


def collector(kept: Collector) -> FastAPI:
    app = FastAPI(openapi_url=None)

    @app.post("/v1/traces")
    async def take(request: Request) -> Response:
        kept.requests.append(ExportTraceServiceRequest.FromString(await request.body()))
        return Response(ExportTraceServiceResponse().SerializeToString(), media_type="application/x-protobuf")

    return app


__all__ = ["Collector", "collector"]
