"""Whether gevent has replaced threads with greenlets."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import threading
import types

import pytest

from footfall.delivery.transport import CurlTransport, HTTPXTransport, choose, greenlets


@pytest.mark.parametrize("part", ["socket", "threading"])
def test_auto_takes_httpx_under_greenlets(part: str, monkeypatch: pytest.MonkeyPatch) -> None:
    patched = {"socket": False, "threading": False}
    monkey = types.ModuleType("gevent.monkey")
    monkeypatch.setattr(monkey, "is_module_patched", patched.__getitem__, raising=False)
    monkeypatch.setitem(sys.modules, "gevent.monkey", monkey)
    assert isinstance(choose("auto", timeout_seconds=5), CurlTransport)
    assert greenlets.awaits_gevent()
    patched[part] = True
    assert not greenlets.awaits_gevent()
    assert isinstance(choose("auto", timeout_seconds=5), HTTPXTransport)
    assert isinstance(choose("curl", timeout_seconds=5), CurlTransport)


@pytest.mark.skipif(importlib.util.find_spec("gevent") is None, reason="gevent is not installed")
def test_a_patch_of_gevent_itself_is_noticed() -> None:
    code = (
        "from gevent import monkey; monkey.patch_all(); "
        "from footfall.delivery.transport import choose; print(choose('auto', timeout_seconds=5))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "HTTPXTransport(timeout_seconds=5)"


def test_without_gevent_nothing_is_patched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "gevent.monkey", raising=False)
    assert not greenlets.is_patched()
    assert not greenlets.awaits_gevent()


def test_a_worker_of_gunicorn_that_is_about_to_patch_counts_as_patched(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "gunicorn.workers.ggevent", types.ModuleType("ggevent"))
    assert greenlets.is_patched()


@pytest.mark.skipif(sys.platform != "linux", reason="thread numbers are Linux's")
def test_a_greenlet_runs_in_the_main_thread_and_no_other() -> None:
    found: list[bool] = []
    thread = threading.Thread(target=lambda: found.append(greenlets.may_be_greenlet()))
    thread.start()
    thread.join()
    assert (greenlets.may_be_greenlet(), found) == (True, [False])


@pytest.mark.parametrize("name", ["gevent.monkey", "eventlet.patcher"])
def test_a_library_that_is_being_imported_has_patched_nothing_yet(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for each in ("gevent.monkey", "eventlet.patcher", "gunicorn.workers.ggevent"):
        monkeypatch.delitem(sys.modules, each, raising=False)
    monkeypatch.setitem(sys.modules, name, types.ModuleType(name))
    assert not greenlets.is_patched()
