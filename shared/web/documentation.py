"""/docs: the API for people, as one page without scripts or anything from elsewhere, so that it works in a closed
network. It is made from the OpenAPI document, which is at /openapi.json."""

from collections.abc import Callable
from html import escape
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from shared.web.exchange import exchange_of
from shared.web.openapi_shared import resolved

_STYLE = """
body{font:15px/1.6 system-ui,"PingFang SC","Microsoft YaHei",sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#222}
h2{margin-top:2.5rem;border-bottom:1px solid #ddd}details{border:1px solid #ddd;border-radius:4px;margin:.5rem 0;padding:.4rem .8rem}
summary{cursor:pointer}code,b.m{font-family:ui-monospace,monospace}b.m{display:inline-block;width:4.5rem;color:#06c}
table{border-collapse:collapse;width:100%;margin:.5rem 0}td,th{border:1px solid #ddd;padding:.2rem .5rem;text-align:left;vertical-align:top}
.p{color:#666;font-size:.9em}
"""
Document = dict[str, Any]


def documentation_route(openapi: Callable[[], Document]) -> Route:
    async def docs(request: Request) -> Response:
        exchange_of(request).is_page = True
        return HTMLResponse(render(openapi()))

    return Route("/docs", docs, include_in_schema=False)


def render(document: Document) -> str:
    """The page: operations by tag, each with its permissions, parameters, body and answers."""
    info = document["info"]
    by_tag: dict[str, list[str]] = {}
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            tag = operation["tags"][0] if operation["tags"] else ""
            answers = {
                status: resolved(document, answer) for status, answer in operation["responses"].items()
            }
            shown = {**operation, "responses": answers}
            by_tag.setdefault(tag, []).append(_operation(method, path, shown))
    sections = "".join(f"<h2>{escape(tag)}</h2>{''.join(entries)}" for tag, entries in sorted(by_tag.items()))
    schemas = "".join(
        f'<details id="{escape(name)}"><summary><code>{escape(name)}</code></summary>{_schema(schema)}</details>'
        for name, schema in sorted(document["components"]["schemas"].items())
    )
    return (
        f'<!doctype html><html lang="zh-CN"><meta charset="utf-8"><title>{escape(info["title"])}</title>'
        f"<style>{_STYLE}</style><h1>{escape(info['title'])} {escape(info['version'])}</h1>"
        f'<p><a href="/openapi.json">OpenAPI 3.1</a></p>{sections}<h2>Schemas 数据结构</h2>{schemas}</html>'
    )


def _operation(method: str, path: str, operation: Document) -> str:
    permissions = ", ".join(operation["x-permissions"]) or "公开 public"
    parameters = "".join(_parameter(entry) for entry in operation.get("parameters", []) if "name" in entry)
    table = (
        f"<table><tr><th>参数 parameter<th>in<th>类型 type<th></tr>{parameters}</table>" if parameters else ""
    )
    body = operation.get("requestBody", {}).get("content", {})
    bodies = "".join(f"<p>正文 body: {_type(content.get('schema', {}))}</p>" for content in body.values())
    answers = "".join(_answer(status, answer) for status, answer in operation["responses"].items())
    return (
        f'<details><summary><b class="m">{method.upper()}</b><code>{escape(path)}</code> '
        f"{escape(operation.get('summary', ''))} <span class=p>{escape(permissions)}</span></summary>"
        f"<p>{escape(operation.get('description', ''))}</p>{table}{bodies}"
        f"<table><tr><th>答复 answer<th></tr>{answers}</table></details>"
    )


def _parameter(entry: Document) -> str:
    required = " *" if entry.get("required") else ""
    return (
        f"<tr><td><code>{escape(entry['name'])}</code>{required}<td>{entry['in']}"
        f"<td>{_type(entry.get('schema', {}))}<td>{escape(entry.get('description', ''))}</tr>"
    )


def _answer(status: str, answer: Document) -> str:
    parts = []
    for content in answer.get("content", {}).values():
        examples = content.get("examples", {})
        words = [f"<code>{escape(name)}</code> {escape(each['summary'])}" for name, each in examples.items()]
        parts += words or [_type(content.get("schema", {}))]
    return f"<tr><td>{escape(status)}<td>{'<br>'.join(parts) or escape(answer.get('description', ''))}</tr>"


def _schema(schema: Document) -> str:
    required = schema.get("required", [])
    rows = "".join(
        f"<tr><td><code>{escape(name)}</code>{' *' if name in required else ''}<td>{_type(field)}"
        f"<td>{escape(field.get('description', ''))}</tr>"
        for name, field in schema.get("properties", {}).items()
    )
    values = "、".join(escape(str(value)) for value in schema.get("enum", []))
    text = escape(schema.get("description", ""))
    return f"<p>{text}</p><p>{values}</p>" + (f"<table>{rows}</table>" if rows else "")


def _type(schema: Document) -> str:
    if "$ref" in schema:
        name = escape(schema["$ref"].rsplit("/", 1)[-1])
        return f'<a href="#{name}">{name}</a>'
    if "anyOf" in schema:
        return " | ".join(_type(option) for option in schema["anyOf"])
    if schema.get("type") == "array":
        return f"[{_type(schema.get('items', {}))}]"
    limits = [
        f"{key} {schema[key]}" for key in ("minimum", "maximum", "minLength", "maxLength") if key in schema
    ]
    kind = str(schema.get("format") or schema.get("const") or schema.get("type") or "any")
    return escape(" ".join([kind, *limits]))


__all__ = ["documentation_route", "render"]
