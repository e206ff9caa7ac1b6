"""Gunicorn's settings for tests: each worker logs that it is ready."""

from __future__ import annotations

from typing import Any


def post_worker_init(worker: Any) -> None:
    """Say so once the worker has its own signal handlers and its app."""
    worker.log.info("Worker %s is ready", worker.age)
