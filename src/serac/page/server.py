"""Serving the page, by default to this machine alone."""

from __future__ import annotations

from nicegui import app, run, ui
from starlette.middleware.trustedhost import TrustedHostMiddleware

from serac.page.layout import Page
from serac.page.offered import Choice
from serac.page.visitors import Visitors

PATIENCE = 60
"""Seconds without an answer after which a browser loads the page anew."""
LOOPBACK = ("127.0.0.1", "localhost")


def serve(choices: list[Choice], *, host: str = LOOPBACK[0], port: int = 8080, show: bool = True) -> None:
    """Serve the page until the process is stopped; ``show`` opens it in the browser.

    Raises ``SeracError`` without any model.
    """
    visitors = Visitors(choices)

    async def page() -> None:
        await ui.context.client.connected()
        if ui.context.client.is_deleted:
            return  # it fetched the page and left
        waiting = ui.label("Loading the model …")
        visitor = await run.io_bound(visitors.of, str(ui.context.client.tab_id))
        if visitor is not None:  # None: the server is being stopped
            points = await run.io_bound(visitor.points)
            waiting.delete()
            Page(visitors, visitor, points or [])

    if host in LOOPBACK:
        app.add_middleware(TrustedHostMiddleware, allowed_hosts=list(LOOPBACK))  # no other name leads here
    ui.run(
        page, host=host, port=port, show=show, reload=False, title="SERAC", show_welcome_message=False,
        reconnect_timeout=PATIENCE,
    )  # fmt: skip
