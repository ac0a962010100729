"""The HTTP application: middlewares, the API's routes, the page, the documents."""

from collections.abc import Iterable
from pathlib import Path

from aiohttp import web

from meetserver import limits
from meetserver.http.cookies import PAGE_COOKIES, PageCookies
from meetserver.http.cors import allow_origins
from meetserver.http.documents import document_routes
from meetserver.http.endpoint import endpoint
from meetserver.http.middlewares import explain, harden, identify, locate, tell_cached
from meetserver.http.pages import WEB, page_routes
from meetserver.http.rates import show_allowance
from meetserver.http.routes import ROUTES
from meetserver.http.services import SERVICES, Services


def create_app(
    services: Services, extra: Iterable[web.AbstractRouteDef] = (), *, web_folder: Path = WEB
) -> web.Application:
    """The application. `extra` are further plain routes, as `web.get("/ws/v1/rooms/{room_id}", handler)`.

    Handlers find `services` as `request.app[SERVICES]` and may raise Refused.
    """
    is_debug = services.config.log_level == "debug"
    app = web.Application(
        middlewares=[identify, *([tell_cached] if is_debug else []), explain, locate],
        # It refuses this size too, and we do not.
        client_max_size=limits.BODY_BYTES + 1,
    )
    app[SERVICES] = services
    app.on_response_prepare.extend([harden, show_allowance])
    app[PAGE_COOKIES] = PageCookies(services.config, services.keys)
    api = [app.router.add_route(route.method, route.matched_path, endpoint(route)) for route in ROUTES]
    app.router.add_routes(document_routes(web_folder))
    app.router.add_routes(page_routes(web_folder))
    app.router.add_routes(extra)
    allow_origins(app, services.config.allowed_origins, api)
    return app
