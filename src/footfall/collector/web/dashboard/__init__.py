"""The dashboard: the figures of one site, or of all, on one page.

`view.py` reads what the address asks and writes the addresses that ask for something else;
`figures.py` asks the store; `graph.py` draws; `wording.py` says numbers and dates; `routes.py` is
the way in. Every choice is a plain link, so the page works without script, can be bookmarked, and
goes back with the back button.
"""

from __future__ import annotations

from footfall.collector.web.dashboard.routes import Dashboard

__all__ = ["Dashboard"]
