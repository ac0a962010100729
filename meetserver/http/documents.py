"""The two documents, as served and as kept in schema/, and a page that lists what is in them."""

from collections.abc import Iterable
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


def documents() -> dict[str, bytes]:
    """File name to content: what schema/ holds. The same code makes the same bytes."""
    made = {"openapi.json": openapi(ROUTES), "asyncapi.json": asyncapi()}
    return {name: msgspec.json.format(msgspec.json.encode(one), indent=2) + b"\n" for name, one in made.items()}


def write_documents(folder: Path) -> list[Path]:
    """Write them into `folder`; the paths."""
    paths = []
    for name, content in documents().items():
        path = folder / name
        path.write_bytes(content)
        paths.append(path)
    return paths


def document_routes(web_folder: Path) -> Iterable[web.RouteDef]:
    routes = [
        web.get(f"{API}/{name}", _serve(asset_of(content, "application/json"))) for name, content in documents().items()
    ]
    template = web_folder / "templates" / "docs.html"
    if template.is_file():
        routes.append(web.get("/docs", _serve(asset_of(_page(template), "text/html"))))
    return routes


def _page(template: Path) -> bytes:
    environment = Environment(
        loader=FileSystemLoader(template.parent),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(template.name).render(openapi=openapi(ROUTES), asyncapi=asyncapi()).encode()


def _serve(asset: Asset) -> Handler:
    async def serve(request: web.Request) -> web.Response:
        return answer(request, asset)

    return serve
