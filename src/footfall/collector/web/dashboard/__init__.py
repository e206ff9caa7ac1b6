"""The dashboard: the figures of one site, or of all, on one page.

`view.py` reads the address and writes the page's links; `figures.py` queries the store; `chart.py`
draws; `formatting.py` makes texts of numbers and dates; `routes.py` has the route. Every choice is
a plain link, so the page works without scripts, with bookmarks, and with the back button.
"""

from __future__ import annotations

from footfall.collector.web.dashboard.routes import Dashboard

__all__ = ["Dashboard"]
