"""Celery tasks that track events. The settings come from the environment."""

from __future__ import annotations

import json
import os

from celery import Celery

import footfall

tracker = footfall.Tracker.from_options({})
app = Celery("lifecycle_tasks", broker="filesystem://")
app.conf.update(json.loads(os.environ["CELERY"]))


@app.task(name="track_one")  # type: ignore[untyped-decorator]  # Celery has no types
def track_one(number: int) -> None:
    visitor = {"ip": "198.51.100.7", "ua": f"Firefox/{100 + number}.0"}
    footfall.track("Task", url=f"http://127.0.0.1/{number}", visitor=visitor)


@app.task(name="track_many")  # type: ignore[untyped-decorator]  # Celery has no types
def track_many(number: int) -> None:
    """Track `number` events of one visitor, which are sent one after the other."""
    visitor = {"ip": "198.51.100.7", "ua": "Firefox/140.0"}
    for page in range(number):
        footfall.track("Task", url=f"http://127.0.0.1/{page}", visitor=visitor)
