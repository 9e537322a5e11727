"""Discovery, the list of services, and what a service asks."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Request
from starlette.responses import Response

from services.intake.desk import Desk
from services.intake.open311.attributes import shown
from services.intake.open311.formats import MIME_TYPES, PREFIX, Answer, format_of, response
from services.intake.open311.questions import attributes_of, services_that_ask
from services.intake.open311.refusals import ServiceUnknown
from services.intake.open311.routes.jurisdictions import Jurisdictions
from services.intake.open311.rules import CHANGED, SPECIFICATION, services
from services.intake.open311.showing import service_line, written
from services.intake.settings import IntakeSettings
from shared.security import public_route
from shared.web import Visitor, provided

router = APIRouter()


@dataclass(frozen=True, slots=True)
class Endpoint:
    """What the discovery says of this installation."""

    url: str | None
    """By which clients reach it; None for that of the call."""
    contact: str
    production: bool

    @classmethod
    def of(cls, settings: IntakeSettings) -> "Endpoint":
        return cls(settings.open311_url, settings.open311_contact, settings.mode == "production")


AnyVisitor = Annotated[Visitor, public_route()]
AllJurisdictions = Annotated[Jurisdictions, provided(Jurisdictions)]


@router.get(f"{PREFIX}v2/discovery.{{format}}", include_in_schema=False)
async def open311_discovery(
    format: str,
    request: Request,
    visitor: AnyVisitor,
    endpoint: Annotated[Endpoint, provided(Endpoint)],
) -> Response:
    """Where the endpoint is and what it speaks (http://wiki.open311.org/Service_Discovery)."""
    changed = written(CHANGED)
    # A service behind a gateway does not know by which address it is reached; its operator says so.
    base = endpoint.url or f"{request.base_url}".rstrip("/") + f"{PREFIX}v2"
    told = {
        "changeset": changed,
        "contact": endpoint.contact,
        "key_service": "接口密钥由社区负责人签发。 API keys are given by the head of the community.",
        "endpoints": [
            {
                "specification": SPECIFICATION,
                "url": base,
                "changeset": changed,
                "type": "production" if endpoint.production else "test",
                "formats": list(MIME_TYPES),
            }
        ],
    }
    return response(Answer("discovery", told), format_of(format), visitor.language)


@router.get(f"{PREFIX}v2/services.{{format}}", include_in_schema=False)
async def open311_services(
    format: str,
    request: Request,
    visitor: AnyVisitor,
    jurisdictions: AllJurisdictions,
    desk: Annotated[Desk, provided(Desk)],
) -> Response:
    """All that may be asked for: the taxonomy's second level, in groups of its first."""
    wanted = format_of(format)
    jurisdiction = jurisdictions.named(request.query_params.get("jurisdiction_id"))
    offered = services(jurisdiction.publishing.withheld)
    asking = await services_that_ask(desk, jurisdiction.tenant.id, list(offered))
    listed = [service_line(service, metadata=service.code in asking) for service in offered.values()]
    return response(Answer("services", listed), wanted, visitor.language)


@router.get(f"{PREFIX}v2/services/{{code}}.{{format}}", include_in_schema=False)
async def open311_service_definition(
    *,
    code: str,
    format: str,
    request: Request,
    visitor: AnyVisitor,
    jurisdictions: AllJurisdictions,
    desk: Annotated[Desk, provided(Desk)],
) -> Response:
    """What a service asks beside the description."""
    wanted = format_of(format)
    jurisdiction = jurisdictions.named(request.query_params.get("jurisdiction_id"))
    if code not in services(jurisdiction.publishing.withheld):
        raise ServiceUnknown(field="service_code")
    attributes = await attributes_of(desk, jurisdiction.tenant.id, code, visitor.language)
    told = {
        "service_code": code,
        "attributes": [shown(attribute, order) for order, attribute in enumerate(attributes, 1)],
    }
    return response(Answer("service_definition", told), wanted, visitor.language)
