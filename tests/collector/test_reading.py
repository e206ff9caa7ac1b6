"""Where the pages read the file."""

from __future__ import annotations

import asyncio
import threading

import pytest

from footfall.collector.reading import read_in_thread


def test_no_event_loop_waits() -> None:
    assert asyncio.run(read_in_thread(threading.get_ident)) != threading.get_ident()


def test_without_an_event_loop_nothing_waits() -> None:
    step = read_in_thread(threading.get_ident)
    with pytest.raises(StopIteration) as ended:
        step.send(None)
    assert ended.value.value == threading.get_ident()
