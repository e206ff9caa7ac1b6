"""footfall's own work is marked for its thread and its time, and is not recorded by others."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace

import pytest

from footfall.common.reentrancy import is_suppressed, suppress_tracking


def test_a_decorated_function_is_suppressed_while_it_runs() -> None:
    @suppress_tracking
    def work(number: int, *, factor: int) -> tuple[int, bool]:
        return number * factor, is_suppressed()

    assert [is_suppressed(), work(3, factor=2), is_suppressed()] == [False, (6, True), False]
    assert work.__name__ == "work"


def test_a_call_within_a_call_does_not_end_it() -> None:
    @suppress_tracking
    def outer() -> list[bool]:
        return [is_suppressed(), inner(), is_suppressed()]

    @suppress_tracking
    def inner() -> bool:
        return is_suppressed()

    assert outer() == [True, True, True]


def test_an_exception_ends_it() -> None:
    @suppress_tracking
    def fail() -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        fail()
    assert not is_suppressed()


def test_other_threads_are_not_suppressed() -> None:
    seen: list[bool] = []

    @suppress_tracking
    def work() -> None:
        other = threading.Thread(target=lambda: seen.append(is_suppressed()))
        other.start()
        other.join()

    work()
    assert seen == [False]


def test_opentelemetry_and_sentry_do_not_record_it(monkeypatch: pytest.MonkeyPatch) -> None:
    active: list[str] = []

    @contextmanager
    def entered(name: str) -> Iterator[None]:
        active.append(name)
        yield
        active.remove(name)

    scope = SimpleNamespace(span="the request's")
    otel = SimpleNamespace(suppress_instrumentation=lambda: entered("opentelemetry"))
    sentry = SimpleNamespace(
        isolation_scope=lambda: entered("sentry"), get_current_scope=lambda: scope
    )
    monkeypatch.setitem(sys.modules, "opentelemetry.instrumentation.utils", otel)
    monkeypatch.setitem(sys.modules, "sentry_sdk", sentry)

    @suppress_tracking
    def work() -> tuple[list[str], object]:
        return list(active), scope.span

    assert work() == (["opentelemetry", "sentry"], None)
    assert active == []
