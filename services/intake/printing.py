"""Pages to be printed or kept: one file without scripts and without anything from elsewhere."""

from collections.abc import Sequence
from html import escape

from starlette.requests import Request
from starlette.responses import HTMLResponse

from shared.web.exchange import exchange_of

_STYLE = """
body{font:15px/1.7 system-ui,"PingFang SC","Microsoft YaHei",sans-serif;max-width:52rem;margin:2rem auto;padding:0 1rem;color:#222}
h1{font-size:1.5rem}h2{font-size:1.1rem;margin-top:2rem;border-bottom:1px solid #ccc}
table{border-collapse:collapse;width:100%;margin:.5rem 0}
td,th{border:1px solid #ccc;padding:.25rem .5rem;text-align:left;vertical-align:top;overflow-wrap:anywhere}
code{font-family:ui-monospace,monospace;overflow-wrap:anywhere}.n{color:#555;font-size:.92em}
@media print{body{margin:0;max-width:none}}
"""


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Cells are text; nothing in them is taken for HTML."""
    titles = "".join(f"<th>{escape(title)}</th>" for title in head)
    lines = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table>{f'<tr>{titles}</tr>' if head else ''}{lines}</table>"


def section(title: str, *parts: str) -> str:
    """`parts` are HTML."""
    return f"<h2>{escape(title)}</h2>{''.join(parts)}"


def paragraph(text: str) -> str:
    return f"<p>{escape(text)}</p>"


def page(request: Request, title: str, *parts: str) -> HTMLResponse:
    """A whole page; `parts` are HTML."""
    exchange_of(request).is_page = True  # so that its own style is let through
    return HTMLResponse(
        f'<!doctype html><html lang="zh-CN"><meta charset="utf-8"><title>{escape(title)}</title>'
        f"<style>{_STYLE}</style><h1>{escape(title)}</h1>{''.join(parts)}</html>"
    )


__all__ = ["page", "paragraph", "section", "table"]
