"""Work in a thread, for which an event loop waits."""

from __future__ import annotations

import asyncio
import threading

import pytest

from footfall.common.in_thread import in_thread


def test_the_event_loop_goes_on_meanwhile() -> None:
    async def run() -> list[str]:
        steps: list[str] = []
        may_end = threading.Event()

        def work() -> None:
            may_end.wait(10)
            steps.append("work")

        task = asyncio.ensure_future(in_thread(work))
        await asyncio.sleep(0)
        steps.append("loop")
        may_end.set()
        await task
        return steps

    assert asyncio.run(run()) == ["loop", "work"]


def test_without_a_thread_the_work_is_done_here(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    done: list[int] = []

    async def run() -> None:
        with monkeypatch.context() as patched:
            patched.setattr(threading.Thread, "start", fails)
            await in_thread(lambda: done.append(threading.get_ident()))

    asyncio.run(run())
    assert done == [threading.get_ident()]


def test_without_an_event_loop_of_asyncio_too() -> None:
    done: list[int] = []
    step = in_thread(lambda: done.append(threading.get_ident()))
    with pytest.raises(StopIteration):
        step.send(None)
    assert done == [threading.get_ident()]
