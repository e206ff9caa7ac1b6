"""The dashboard's route: reads the address, queries the store, renders the page."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from footfall.collector.public_address import PublicAddress
from footfall.collector.reading import read_in_thread
from footfall.collector.storage.store import Store
from footfall.collector.web.dashboard import view as views
from footfall.collector.web.dashboard.cards import csv_of
from footfall.collector.web.dashboard.figures import TABLES, figures, table_of
from footfall.collector.web.dashboard.view import FORM_FIELDS, View, ViewError
from footfall.collector.web.templating import environment


class Dashboard:
    """The page at `/`. It reads the store in a thread."""

    def __init__(self, store: Store, *, has_api: bool = True) -> None:
        self._store = store
        self._template = environment(has_api=has_api).get_template("dashboard.html")
        self.routes = [
            Route("/", self.page),
            Route("/now", self.now),
            Route("/figures/{table}.csv", self.csv),
        ]

    async def page(self, request: Request) -> Response:
        """The whole page; 400 for a view that cannot be shown."""
        view = _view(request)
        if FORM_FIELDS[0] in request.query_params:
            # The address of a page has a filter as one parameter.
            return RedirectResponse(view.link(), 303)
        address = PublicAddress.of(request)
        return HTMLResponse(await read_in_thread(self._render, view, address, _shared(request)))

    async def now(self, request: Request) -> Response:
        """How many visitors are there, for an open page that asks again and again."""
        view = _view(request)
        number = await read_in_thread(self._store.current_visitors, view.domain)
        return JSONResponse({"visitors": number})

    async def csv(self, request: Request) -> Response:
        """All rows of a card, or of the graph, as a file."""
        view, table = _view(request), request.path_params["table"]
        if table not in TABLES:
            raise HTTPException(404, f"there are tables of {', '.join(TABLES)}")
        text = await read_in_thread(self._csv, view, table)
        name = f'attachment; filename="{table}.csv"'
        return Response(text, media_type="text/csv", headers={"content-disposition": name})

    def _csv(self, view: View, table: str) -> str:
        return csv_of(table_of(self._store, view, table))

    def _render(self, view: View, address: PublicAddress, shared: str | None) -> str:
        found = figures(self._store, view)
        return self._template.render(
            current_path="/",
            view=view,
            address=address,
            figures=found,
            chips=view.chips(),
            now=self._store.current_visitors(view.domain),
            newest=self._store.last_event_at(view.domain),
            shared=shared,
            domains=[shared] if shared else self._store.domains(),
            periods=views.PERIODS,
            periods_in_menu=views.PERIODS_IN_MENU,
            comparisons=views.COMPARISONS,
            metrics=view.metrics,
            filter_names=_filter_names(found.prop_names),
            operators=views.OPERATORS,
            zone=self._store.zone.key,
            fault=None if shared else self._store.write_error,
        )


def _view(request: Request) -> View:
    """What the address selects; 400 where that cannot be shown."""
    pairs = request.query_params.multi_items()
    if shared := _shared(request):
        pairs = [*(pair for pair in pairs if pair[0] != "domain"), ("domain", shared)]
    try:
        return View.read(pairs, request.scope.get("root_path", ""))
    except ViewError as error:
        raise HTTPException(400, str(error)) from None


def _shared(request: Request) -> str | None:
    """The one domain of a shared dashboard; None for the dashboard of all."""
    domain: str | None = request.scope.get("footfall.domain")
    return domain


def _filter_names(props: Sequence[str]) -> dict[str, str]:
    """What the form can filter by, with its label."""
    names = {name: label for name, (_, label) in views.FILTERS.items()}
    return names | {f"{views.PROP}{prop}": f"Prop {prop}" for prop in props}
