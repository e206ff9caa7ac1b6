"""The change notifier: who waits, and what wakes them."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack, closing

from footfall.collector.storage.change_notifier import ChangeNotifier
from footfall.collector.storage.store import Store
from tests.collector.storage.support import enqueue
from tests.collector.support import incoming_event

# Far more than a machine needs; a wait that takes as long has failed.
LONG_SECONDS = 30.0


def test_a_commit_of_the_writer_thread_wakes_who_waits() -> None:
    async def wait(store: Store) -> bool:
        notifier = ChangeNotifier()
        with notifier.listening(store):
            change = notifier.next_change()
            enqueue(store, [incoming_event()])
            await notifier.wait(change, LONG_SECONDS)
        return change.is_set()

    with closing(Store()) as store:
        assert asyncio.run(wait(store))


def test_a_change_between_reading_and_waiting_is_not_missed() -> None:
    async def wait() -> bool:
        notifier = ChangeNotifier()
        change = notifier.next_change()
        notifier.notify()
        await notifier.wait(change, LONG_SECONDS)
        return change.is_set() and not notifier.next_change().is_set()

    assert asyncio.run(wait())


def test_a_wait_ends_when_its_time_is_up() -> None:
    async def wait() -> bool:
        notifier = ChangeNotifier()
        change = notifier.next_change()
        await notifier.wait(change, 0.01)
        return change.is_set()

    assert not asyncio.run(wait())


def test_closing_ends_every_wait() -> None:
    async def wait() -> tuple[bool, bool]:
        notifier = ChangeNotifier()
        change = notifier.next_change()
        waiting = asyncio.create_task(notifier.wait(change, LONG_SECONDS))
        await asyncio.sleep(0)
        notifier.close()
        await waiting
        later = notifier.next_change()
        await notifier.wait(later, LONG_SECONDS)
        return notifier.is_closed, later.is_set()

    assert asyncio.run(wait()) == (True, False)


def test_a_store_may_write_after_the_loop_has_ended() -> None:
    notifier = ChangeNotifier()

    async def start_listening(stack: ExitStack, store: Store) -> None:
        stack.enter_context(notifier.listening(store))
        notifier.next_change()

    with closing(Store()) as store, ExitStack() as stack:
        asyncio.run(start_listening(stack, store))
        enqueue(store, [incoming_event()])
        assert store.flush()
        # The loop is closed, so the change reached nobody.
        assert notifier._has_waiters
