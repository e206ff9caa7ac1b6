"""Runs the table's requests through one framework, and prints the results as JSON.

    python -m tests.frameworks.drive Flask

A process of its own for each framework, since some set up logging or signals when they are
imported. No server runs: the app gets the environ or the scope that one would make.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import sys
from collections import Counter
from collections.abc import Callable, Coroutine
from importlib import import_module
from typing import Any, TypeAlias

from footfall.testing import Outbox, capture
from footfall.tracker.process_hooks import trackers
from tests.frameworks.page import SetUp, leave_as_it_is, set_up_as_written
from tests.frameworks.table import FRAMEWORKS, ROWS
from tests.support.raw_requests import Raw, running, send_asgi, send_wsgi

HOST = "https://example.com"
# Everything that the app hands to its server, in order; at the end what it raises.
Answer: TypeAlias = list[Any]
Answers: TypeAlias = dict[str, Answer]
Hits: TypeAlias = dict[str, Any]


def drive(name: str) -> dict[str, Any]:
    """The answers without footfall and with it, and the hits with several options."""
    framework = FRAMEWORKS[name]
    module = import_module(f"tests.frameworks.apps.{framework.module or framework.distribution}")
    run = _run_asgi if framework.interface == "ASGI" else _run_wsgi

    def answers(set_up: SetUp, saw: Callable[[str], None], **variables: str) -> Answers:
        # Until the end: Starlette makes its middleware when the app starts.
        os.environ.update(variables)
        try:
            return run(getattr(module, framework.make)(set_up), saw)
        finally:
            for variable in variables:
                del os.environ[variable]

    set_up = set_up_as_written(name)
    with capture() as outbox:
        bare = answers(leave_as_it_is, lambda row: None)
        recorder = Recorder(outbox)

        def hits_of(**variables: str) -> Hits:
            answers(set_up, recorder.note, **variables)
            return recorder.take()

        counted = answers(set_up, recorder.note)
        hits = recorder.take()
        routes = hits_of(FOOTFALL_PATH_MODE="route")
        excluded = hits_of(FOOTFALL_EXCLUDE="/users/{uid}")["route"]
        missing = hits_of(FOOTFALL_TRACK_404="true")["404"]
        counted_in_sync = answers(set_up, lambda row: None, FOOTFALL_MODE="sync")
    return {
        "bare": bare,
        "counted": counted,
        "counted_in_sync": counted_in_sync,
        "hits": hits,
        "routes": routes,
        "excluded": excluded,
        "missing": missing,
    }


class Recorder:
    """Notes the hit of each row after its request."""

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox
        self._hits: Hits = {}
        self._before: Counter[str] = Counter()
        # Kept, for the counters of one that is garbage would be missing from the sum.
        self._trackers: set[Any] = set()

    def note(self, row: str) -> None:
        events = [[each.name, each.url.removeprefix(HOST), each.props] for each in self._outbox]
        self._outbox.clear()
        self._trackers.update(trackers())
        reasons = sum((Counter(each.stats()["reasons"]) for each in self._trackers), Counter())
        self._hits[row] = {"events": events, "reasons": dict(reasons - self._before)}
        self._before = reasons

    def take(self) -> Hits:
        """The hits by row, which are then forgotten."""
        hits, self._hits = self._hits, {}
        return hits


def _run_wsgi(app: Any, saw: Callable[[str], None]) -> Answers:
    answers: Answers = {}
    for name, row in ROWS.items():
        answers[name] = []
        try:
            send_wsgi(app, row.raw, answers[name])
        except Exception as error:  # noqa: BLE001 -- a server logs it
            answers[name].append(["raises", repr(error)])
        saw(name)
    return answers


def _run_asgi(app: Any, saw: Callable[[str], None]) -> Answers:
    async def run() -> Answers:
        answers: Answers = {}
        async with running(app):
            for name, row in ROWS.items():
                answers[name] = await _answer_of(send_asgi, app, row.raw)
                saw(name)
        return answers

    return asyncio.run(run())


async def _answer_of(
    send: Callable[[Any, Raw, Answer], Coroutine[Any, Any, None]], app: Any, raw: Raw
) -> Answer:
    answer: Answer = []
    try:
        await send(app, raw, answer)
    except Exception as error:  # noqa: BLE001 -- a server logs it
        answer.append(["raises", repr(error)])
    return answer


if __name__ == "__main__":
    results = drive(sys.argv[1])
    # Bytes as text of the same length.
    text = json.dumps(results, default=lambda each: each.decode("latin-1"))
    # These headers say when each answer was made.
    text = re.sub(r'\["(date|expires)", "[^"]*"\]', r'["\1", "..."]', text, flags=re.IGNORECASE)
    # Frameworks may have written lines of their own before.
    sys.stdout.write(f"\n{text}")
