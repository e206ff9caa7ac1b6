"""The pages of the collector alone, for an app that shows them below a path of its own.

Nothing here receives events or changes anything, and who may look is for the app to say.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware

from footfall.collector.access import AccessControl
from footfall.collector.error_responses import http_error
from footfall.collector.ingest.receiver import RejectedRequests
from footfall.collector.request_limits import RequestLimits
from footfall.collector.storage.recent_hits import RecentHits
from footfall.collector.storage.store import Store
from footfall.collector.web.dashboard import Dashboard
from footfall.collector.web.inspector import Inspector
from footfall.collector.web.live_page import LivePage
from footfall.collector.web.shared_dashboard import shared_dashboard
from footfall.collector.web.static_files import static_route

__all__ = ["create_pages"]


def create_pages(
    store: Store,
    rejected: RejectedRequests,
    recent_hits: RecentHits,
    shared: Mapping[str, str] = MappingProxyType({}),
) -> Starlette:
    """The dashboard, the live page and the page of each event, over an open store.

    No request waits for anything, so that the app may also be run without an event loop; see
    `read_in_thread`. What reading the file raises goes through to the caller.

    Args:
        store: Where events are kept. The caller closes it.
        rejected: What could not be read, as the live page shows it.
        recent_hits: The hits that do not count, as the live page shows them.
        shared: By domain, the secret part of the address of a shared dashboard.
    """
    page = LivePage(store, rejected, recent_hits, has_api=False)
    return Starlette(
        routes=[
            *Dashboard(store, has_api=False).routes,
            *Inspector(store, page, None).routes,
            static_route,
            shared_dashboard(store, shared),
        ],
        middleware=[Middleware(RequestLimits), Middleware(AccessControl, token=None)],
        exception_handlers={HTTPException: http_error},
    )
