"""The server of the board: it answers this machine alone, to those who have the token, for no other origin."""

import secrets
from collections.abc import Awaitable, Callable, MutableMapping
from typing import TYPE_CHECKING, Any

from zerokara.board.hub import Hub
from zerokara.report.page import page_html

if TYPE_CHECKING:
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response

HOST = "127.0.0.1"
BOARD_MAIN = "board.js"
LOADED = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:; "
LOADED += "connect-src 'self'; base-uri 'none'; form-action 'none'"
"""What a browser lets the page load: nothing but the events of this server."""
HEADERS = {
    "content-security-policy": f"{LOADED}; frame-ancestors 'none'",
    "cache-control": "no-store",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "cross-origin-resource-policy": "same-origin",
}
HOST_NAMES = (HOST, "localhost")
"""The names of this machine that a browser may use; another one is that of an attacker's page."""

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


class Guard:
    """Refuses requests without the token, to another host, or from another origin, before anything else looks at them.

    Args:
        app: what answers the others.
        token: the first part of each path.
        port: of this server.
    """

    def __init__(self, app: Any, token: str, port: Callable[[], int]) -> None:
        self.app, self.token, self.port = app, token, port

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and (reason := self._refusal(scope)):
            from starlette.responses import PlainTextResponse

            response = PlainTextResponse(f"refused: {reason}\n", 403, HEADERS)
            await response(scope, receive, send)
            return
        await self.app(scope, receive, send)

    def _refusal(self, scope: Message) -> str:
        """Return why a request is refused; empty if it is not."""
        headers: dict[bytes, list[bytes]] = {}
        for name, value in scope["headers"]:
            headers.setdefault(name.lower(), []).append(value)
        hosts = {f"{name}:{self.port()}".encode() for name in HOST_NAMES}
        if len(headers.get(b"host", [])) != 1 or headers[b"host"][0] not in hosts:
            return "another host"
        origins = headers.get(b"origin", [])
        if any(origin != b"http://" + headers[b"host"][0] for origin in origins):
            return "another origin"
        if scope["method"] not in ("GET", "HEAD") and not origins:
            return "no origin"
        if scope["method"] == "GET" and headers.get(b"sec-fetch-site", [b"none"])[0] in (b"cross-site", b"same-site"):
            return "a link of another site"
        given = scope["path"].removeprefix("/").split("/")[0].encode()
        return "" if secrets.compare_digest(given, self.token.encode()) else "no token"


def make_app(hub: Hub, token: str, port: Callable[[], int]) -> "Starlette":
    """Return the application of a board, below ``/TOKEN/``."""
    from starlette.applications import Starlette
    from starlette.concurrency import run_in_threadpool
    from starlette.middleware import Middleware
    from starlette.responses import HTMLResponse, JSONResponse, StreamingResponse
    from starlette.routing import Route

    async def page(request: "Request") -> "Response":
        data = await run_in_threadpool(hub.page, _place(request))
        return HTMLResponse(page_html(data, main=BOARD_MAIN, policy=LOADED), headers=HEADERS)

    async def events(request: "Request") -> "Response":
        version = request.headers.get("last-event-id") or request.query_params.get("version", "")
        known = int(version) if version.isdecimal() else -1
        return StreamingResponse(hub.stream(_place(request), known), media_type="text/event-stream", headers=HEADERS)

    async def stop(request: "Request") -> "Response":
        taken = await run_in_threadpool(hub.stop_run, _place(request))
        return JSONResponse({"taken": taken}, 200 if taken else 409, HEADERS)

    def _place(request: "Request") -> int:
        from starlette.exceptions import HTTPException

        place = int(request.path_params.get("run", 0))
        if place >= len(hub.runs):
            raise HTTPException(404, headers=HEADERS)
        return place

    root = "/{token}"
    routes = [
        Route(f"{root}/", page),
        Route(f"{root}/{{run:int}}/", page),
        Route(f"{root}/{{run:int}}/events", events),
        Route(f"{root}/{{run:int}}/stop", stop, methods=["POST"]),
    ]
    return Starlette(routes=routes, middleware=[Middleware(Guard, token=token, port=port)])
