"""A task of Celery that tells an event. Its settings come from the environment."""

from __future__ import annotations

import json
import os

from celery import Celery

import footfall

tracker = footfall.Tracker.from_options({})
app = Celery("lifecycle_tasks", broker="filesystem://")
app.conf.update(json.loads(os.environ["CELERY"]))


@app.task(name="tell")  # type: ignore[untyped-decorator]  # Celery has no types
def tell(number: int) -> None:
    visitor = {"ip": "198.51.100.7", "ua": f"Firefox/{100 + number}.0"}
    footfall.track("Task", url=f"http://127.0.0.1/{number}", visitor=visitor)


@app.task(name="tell_all")  # type: ignore[untyped-decorator]  # Celery has no types
def tell_all(number: int) -> None:
    """So many events of one visitor, which are sent one after the other."""
    visitor = {"ip": "198.51.100.7", "ua": "Firefox/140.0"}
    for page in range(number):
        footfall.track("Task", url=f"http://127.0.0.1/{page}", visitor=visitor)
