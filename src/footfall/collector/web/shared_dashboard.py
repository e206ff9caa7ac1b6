"""The dashboard of one site, for whoever has its secret address: `--share`, and in an app
`dashboard_share_token`.

It is the dashboard alone: no live page, no other site, nothing that changes anything.
"""

from __future__ import annotations

from collections.abc import Mapping

from starlette.exceptions import HTTPException
from starlette.routing import Mount, Router
from starlette.types import Receive, Scope, Send

from footfall.collector.access_token import SHARED_PATH, is_same
from footfall.collector.storage.store import Store
from footfall.collector.web.dashboard import Dashboard
from footfall.collector.web.static_files import static_route

__all__ = ["shared_dashboard"]


def shared_dashboard(store: Store, slugs: Mapping[str, str]) -> Mount:
    """The route of the shared dashboards.

    Args:
        store: Where events are kept.
        slugs: By domain, the secret part of the address.
    """
    return Mount(f"{SHARED_PATH}{{slug}}", app=_SharedDashboard(store, slugs))


class _SharedDashboard:
    def __init__(self, store: Store, slugs: Mapping[str, str]) -> None:
        self._slugs = slugs
        self._router = Router([*Dashboard(store, has_api=False).routes, static_route])

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        slug = scope["path_params"]["slug"]
        # All are compared, so that the time does not tell which one is near.
        found = [domain for domain, each in self._slugs.items() if is_same(slug, each)]
        if not found:
            raise HTTPException(404, "This link leads nowhere")
        await self._router({**scope, "footfall.domain": found[0]}, receive, send)
