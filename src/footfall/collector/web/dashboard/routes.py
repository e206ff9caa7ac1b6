"""The dashboard's route: reads the address, queries the store, renders the page."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from footfall.collector.public_address import PublicAddress
from footfall.collector.reading import read_in_thread
from footfall.collector.storage.store import Store
from footfall.collector.web.dashboard import view as views
from footfall.collector.web.dashboard.figures import figures
from footfall.collector.web.dashboard.view import FORM_FIELDS, View, ViewError
from footfall.collector.web.templating import environment


class Dashboard:
    """The page at `/`. It reads the store in a thread."""

    def __init__(self, store: Store, *, has_api: bool = True) -> None:
        self._store = store
        self._template = environment(has_api=has_api).get_template("dashboard.html")
        self.routes = [Route("/", self.page)]

    async def page(self, request: Request) -> Response:
        """The whole page; 400 for a view that cannot be shown."""
        root = request.scope.get("root_path", "")
        try:
            view = View.read(request.query_params.multi_items(), root)
        except ViewError as error:
            raise HTTPException(400, str(error)) from None
        if FORM_FIELDS[0] in request.query_params:
            # The address of a page has a filter as one parameter.
            return RedirectResponse(view.link(), 303)
        address = PublicAddress.of(request)
        return HTMLResponse(await read_in_thread(self._render, view, address))

    def _render(self, view: View, address: PublicAddress) -> str:
        found = figures(self._store, view)
        return self._template.render(
            current_path="/",
            view=view,
            address=address,
            figures=found,
            chips=view.chips(),
            bots=self._store.bots(found.range, view.domain),
            now=self._store.current_visitors(view.domain),
            newest=self._store.last_event_at(view.domain),
            domains=self._store.domains(),
            periods=views.PERIODS,
            periods_in_menu=views.PERIODS_IN_MENU,
            comparisons=views.COMPARISONS,
            metrics=view.metrics,
            filter_names=_filter_names(found.prop_names),
            operators=views.OPERATORS,
            zone=self._store.zone.key,
            fault=self._store.write_error,
        )


def _filter_names(props: Sequence[str]) -> dict[str, str]:
    """What the form can filter by, with its label."""
    names = {name: label for name, (_, label) in views.FILTERS.items()}
    return names | {f"{views.PROP}{prop}": f"Prop {prop}" for prop in props}
