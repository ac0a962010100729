"""The two documents, as served and as kept in schema/, and a page that lists what is in them."""

import asyncio
from collections.abc import Callable, Iterable
from functools import cache, partial
from pathlib import Path

import msgspec
from aiohttp import web
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from meetserver.http.asyncapi import asyncapi
from meetserver.http.endpoint import Handler
from meetserver.http.openapi import openapi
from meetserver.http.pages import Asset, answer, asset_of
from meetserver.http.registry import API
from meetserver.http.routes import ROUTES

NAMES = ("openapi.json", "asyncapi.json")


@cache
def documents() -> dict[str, bytes]:
    """File name to content: what schema/ holds. The same code makes the same bytes."""
    made = zip(NAMES, (openapi(ROUTES), asyncapi()), strict=True)
    return {name: msgspec.json.format(msgspec.json.encode(one), indent=2) + b"\n" for name, one in made}


def write_documents(folder: Path) -> list[Path]:
    """Write them into `folder`; the paths."""
    paths = []
    for name, content in documents().items():
        path = folder / name
        path.write_bytes(content)
        paths.append(path)
    return paths


def document_routes(web_folder: Path) -> Iterable[web.RouteDef]:
    routes = [web.get(f"{API}/{name}", _serve(partial(_document, name))) for name in NAMES]
    template = web_folder / "templates" / "docs.html"
    if template.is_file():
        routes.append(web.get("/docs", _serve(partial(_page, template))))
    return routes


@cache
def _document(name: str) -> Asset:
    return asset_of(documents()[name], "application/json")


@cache
def _page(template: Path) -> Asset:
    environment = Environment(
        loader=FileSystemLoader(template.parent),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    page = environment.get_template(template.name).render(openapi=openapi(ROUTES), asyncapi=asyncapi())
    return asset_of(page.encode(), "text/html")


def _serve(make: Callable[[], Asset]) -> Handler:
    """Made when it is first asked for, as no start needs it, and in a thread, as rooms do not wait for it."""

    async def serve(request: web.Request) -> web.Response:
        return answer(request, await asyncio.to_thread(make))

    return serve
