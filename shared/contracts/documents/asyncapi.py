"""One AsyncAPI 3 document of the whole platform: topics, messages, who sends and who receives."""

from typing import Any

from shared.contracts.base import Event, Owner
from shared.contracts.catalogue import EVENTS, TOPICS
from shared.contracts.documents.schemas import schema_of

Document = dict[str, Any]

_HEADERS: Document = {
    "type": "object",
    "description": "CloudEvents 1.0 in Kafka's binary content mode: each attribute is a header, the value is the data.",
    "properties": {
        "content-type": {"const": "application/json"},
        "ce_specversion": {"const": "1.0"},
        "ce_id": {
            "type": "string",
            "format": "uuid",
            "description": "The same again when an event is sent again.",
        },
        "ce_source": {"type": "string", "description": "`urn:longxi:service:<owner>`"},
        "ce_type": {"type": "string"},
        "ce_time": {"type": "string", "format": "date-time", "description": "When it happened, UTC."},
        "ce_subject": {
            "type": "string",
            "format": "uuid",
            "description": "The aggregate's id; also the record's key.",
        },
        "ce_dataschema": {"type": "string", "description": "`urn:longxi:event:<type>:v<version>`"},
        "ce_tenant": {"type": "string", "description": "The community."},
        "ce_sequence": {
            "type": "string",
            "description": "Counts the aggregate's events in this topic from 1, no gaps.",
        },
        "ce_correlation": {
            "type": "string",
            "format": "uuid",
            "description": "Shared by all that follows from one call.",
        },
        "ce_causation": {
            "type": "string",
            "format": "uuid",
            "description": "The event that led to this one, if any.",
        },
        "ce_traceparent": {"type": "string", "description": "W3C trace context."},
    },
    "required": [
        "ce_specversion",
        "ce_id",
        "ce_source",
        "ce_type",
        "ce_time",
        "ce_subject",
        "ce_dataschema",
        "ce_tenant",
        "ce_sequence",
        "ce_correlation",
    ],
}


def document(version: str) -> Document:
    """The document for this version of the platform."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Longxi events",
            "version": version,
            "description": "Every fact that the platform's services publish. Events carry ids, codes, times and numbers, "
            "never personal data. A topic has a key for each aggregate, so the events of one are in order.",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": {_channel(topic): _channel_of(topic) for topic in TOPICS},
        "operations": dict(_operation(event, *who) for event in EVENTS for who in _who(event)),
        "components": {
            "messages": {_message(event): _message_of(event) for event in EVENTS},
            "schemas": {"CloudEventHeaders": _HEADERS},
        },
    }


def _channel(topic: str) -> str:
    return topic.replace(".", "_")


def _message(event: type[Event]) -> str:
    return event.__name__


def _channel_of(topic: str) -> Document:
    return {
        "address": topic,
        "description": _topic_description(topic),
        "messages": {
            _message(event): {"$ref": f"#/components/messages/{_message(event)}"}
            for event in EVENTS
            if event.topic() == topic
        },
    }


def _topic_description(topic: str) -> str:
    owner, kind = topic.split(".")
    if kind == "restricted":
        return f"Sensitive facts of {owner}; readers need a grant of their own."
    return f"Facts of {owner}."


def _message_of(event: type[Event]) -> Document:
    return {
        "name": event.type,
        "title": event.type,
        "summary": " ".join((event.__doc__ or "").split()),
        "headers": {"$ref": "#/components/schemas/CloudEventHeaders"},
        "payload": {
            key: value
            for key, value in _inline(schema_of(event)).items()
            if key not in {"$schema", "$id", "$defs"}
        },
        "bindings": {
            "kafka": {
                "key": {"type": "string", "format": "uuid", "description": f"`{event.aggregate}`"},
                "bindingVersion": "0.5.0",
            }
        },
    }


def _inline(schema: Document) -> Document:
    """The schema with its own definitions put in place, since a component has no root of its own to refer to."""
    definitions = schema.get("$defs", {})

    def walk(part: Any) -> Any:
        if isinstance(part, dict):
            if "$ref" in part:
                return walk(
                    {
                        **definitions[part["$ref"].rsplit("/", 1)[-1]],
                        **{k: v for k, v in part.items() if k != "$ref"},
                    }
                )
            return {key: walk(value) for key, value in part.items()}
        return [walk(item) for item in part] if isinstance(part, list) else part

    resolved: Document = walk({key: value for key, value in schema.items() if key != "$defs"})
    return resolved


def _who(event: type[Event]) -> list[tuple[str, str]]:
    district = () if event.restricted or event.owner is Owner.DISTRICT else (Owner.DISTRICT.value,)
    return [("send", event.owner.value), *(("receive", who) for who in (*event.consumers, *district))]


def _operation(event: type[Event], action: str, who: str) -> tuple[str, Document]:
    channel = _channel(event.topic())
    return f"{who}_{action}_{_message(event)}", {
        "action": action,
        "channel": {"$ref": f"#/channels/{channel}"},
        "title": f"{who} {action}s {event.type}",
        "messages": [{"$ref": f"#/channels/{channel}/messages/{_message(event)}"}],
    }
