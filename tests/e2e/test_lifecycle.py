"""Real servers that are stopped, reloaded and killed: nothing is lost or doubled.

The numbers in the ids are those of a catalogue of faults, `tests/FAULTS.md`.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import httpx2
import pytest

from tests.e2e.chromium import NAVIGATION
from tests.e2e.servers import (
    APPS,
    DJANGO_SITE,
    Server,
    Site,
    each,
    granian,
    gunicorn,
    hypercorn,
    running,
    uvicorn,
    uwsgi,
    waitress,
)
from tests.support import vendors
from tests.support.vendors import Vendor, vendor, wait_until

# Pages asked for before the vendor has all, and again right before the end.
PAGES: Final = 20
# A round trip to a vendor: long enough for the end to come in between.
ROUND_TRIP_SECONDS: Final = 0.05
# The rest of it is the server's own, uWSGI's wait for its threads among it, and the machine's.
MAX_STOP_SECONDS: Final = 15.0
# Where the vendor hangs: footfall waits for a second (see SHORT); a vendor would be given five.
MAX_HUNG_STOP_SECONDS: Final = 4.9
# For tests that wait in vain, on a machine that is busy with something else.
SHORT: Final = {"FOOTFALL_SHUTDOWN_TIMEOUT_SECONDS": "1"}


def _gunicorn(app: str, *options: str) -> Site:
    return gunicorn(app, "--graceful-timeout", "5", *options, folder=APPS)


# Servers that run one of the exit hooks.
COMPLETE: Final = {
    "31-uvicorn": uvicorn("lifecycle:asgi", folder=APPS),
    "31-uvicorn-workers": uvicorn("lifecycle:asgi", "--workers", "2", folder=APPS),
    "31-uvicorn-lifespan-off-on-sigterm": uvicorn(
        "lifecycle_on_sigterm:asgi", "--lifespan", "off", folder=APPS
    ),
    "31-gunicorn-sync": _gunicorn("lifecycle:wsgi", "--workers", "2"),
    "31-gunicorn-gthread": _gunicorn("lifecycle:wsgi", "--worker-class=gthread", "--threads=4"),
    "31-gunicorn-asgi": _gunicorn("lifecycle:asgi", "--worker-class=asgi"),
    "31-gunicorn-uvicorn": _gunicorn(
        "lifecycle:asgi", "--worker-class=uvicorn_worker.UvicornWorker"
    ),
    "31-hypercorn": hypercorn("lifecycle:asgi", folder=APPS),
    "31-granian-asgi": granian("lifecycle:asgi", "asgi", folder=APPS),
    "31-granian-wsgi": granian("lifecycle:wsgi", "wsgi", folder=APPS),
    "31-waitress-on-sigterm": waitress("lifecycle_on_sigterm:wsgi", folder=APPS),
    "35-gunicorn-preload": _gunicorn("lifecycle:wsgi", "--preload", "--workers", "2"),
    "39-uwsgi": uwsgi("lifecycle:wsgi", folder=APPS),
    "39-uwsgi-fork-hooks": uwsgi("lifecycle:wsgi", "--py-call-uwsgi-fork-hooks", folder=APPS),
    # One worker, for another would be stopped while it still loads the app, and complain.
    "39-uwsgi-lazy-apps": uwsgi("lifecycle:wsgi", "--lazy-apps", workers=1, folder=APPS),
    "39-uwsgi-threads": uwsgi("lifecycle:wsgi", "--threads", "2", folder=APPS),
    "39-uwsgi-skip-teardown": uwsgi("lifecycle:wsgi", "--skip-atexit-teardown", folder=APPS),
    "43-gunicorn-gevent": _gunicorn("lifecycle:wsgi", "--worker-class=gevent"),
    "43-gunicorn-gevent-preload": _gunicorn("lifecycle:wsgi", "--worker-class=gevent", "--preload"),
}

# Servers that end without telling Python: what has not left yet is lost.
SUDDEN: Final = {
    "31-uvicorn-lifespan-off": uvicorn("lifecycle:asgi", "--lifespan", "off", folder=APPS),
    "31-waitress": waitress("lifecycle:wsgi", folder=APPS),
    "39-uwsgi-skip-atexit": uwsgi("lifecycle:wsgi", "--skip-atexit", folder=APPS),
}

# An event is told in the master, whose thread is awake while the workers are forked.
TOLD_BEFORE: Final = {
    "35-gunicorn-preload": _gunicorn("lifecycle_told:wsgi", "--preload", "--workers", "2"),
    "35-gunicorn-gevent-preload": _gunicorn(
        "lifecycle_told:wsgi", "--preload", "--worker-class=gevent"
    ),
    "39-uwsgi": uwsgi("lifecycle_told:wsgi", folder=APPS),
    "39-uwsgi-fork-hooks": uwsgi("lifecycle_told:wsgi", "--py-call-uwsgi-fork-hooks", folder=APPS),
}

SOME: Final = {
    name: COMPLETE[name]
    for name in ("31-uvicorn", "31-gunicorn-gthread", "31-hypercorn", "39-uwsgi-threads")
}


@pytest.fixture
def endpoint() -> Iterator[Vendor]:
    behave = vendors.slow(ROUND_TRIP_SECONDS, vendors.answer())
    with vendor(behave) as server:
        yield server


def settings(endpoint: Vendor, **options: str) -> dict[str, str]:
    return {"FOOTFALL_DESTINATIONS": f"plausible+{endpoint.url}/site.test", **options}


def visit(server: Server, pages: range) -> list[str]:
    """Ask for so many pages, each by a visitor of their own; their paths."""
    # uWSGI closes each connection, and does not say so.
    with httpx2.Client(base_url=server.url, headers={"connection": "close"}) as client:
        for page in pages:
            agent = {"user-agent": f"Mozilla/5.0 (X11; rv:{page}.0) Firefox/{100 + page}.0"}
            client.get(f"/{page}", headers={**NAVIGATION, **agent}).raise_for_status()
    return [f"/{page}" for page in pages]


def visit_at_leisure(server: Server, pages: range) -> list[str]:
    """`visit`, and no worker is within a request any more; uWSGI's would run no exit hook there."""
    paths = visit(server, pages)
    if "uWSGI" in server.log:
        # It writes the line of a request at its end, after the visitor has all of the answer.
        assert wait_until(lambda: all(f"GET {path} => " in server.log for path in paths))
    return paths


def delivered(endpoint: Vendor) -> Counter[str]:
    """How often the endpoint was told of each path."""
    bodies = [json.loads(request.partition(b"\r\n\r\n")[2]) for request in [*endpoint.requests]]
    return Counter("/" + body["url"].split("/", 3)[3] for body in bodies)


def once(*paths: str) -> Counter[str]:
    return Counter(dict.fromkeys(paths, 1))


@each(COMPLETE)
def test_a_server_that_is_stopped_has_delivered_everything_once(
    site: Site, endpoint: Vendor, tmp_path: Path
) -> None:
    with running(site, tmp_path, **settings(endpoint)) as server:
        paths = visit_at_leisure(server, range(PAGES))
        seconds = server.stop()
    assert delivered(endpoint) == once(*paths), server.log
    assert seconds < MAX_STOP_SECONDS


@each(SUDDEN)
def test_a_server_that_ends_suddenly_loses_the_last_moment_at_most(
    site: Site, endpoint: Vendor, tmp_path: Path
) -> None:
    with running(site, tmp_path, **settings(endpoint)) as server:
        earlier = visit(server, range(PAGES))
        assert wait_until(lambda: len(delivered(endpoint)) == PAGES)
        last = visit(server, range(PAGES, 2 * PAGES))
        server.stop()
    found = delivered(endpoint)
    assert found.keys() >= {*earlier}
    assert found <= once(*earlier, *last)


@each(TOLD_BEFORE)
def test_what_is_told_before_a_fork_is_never_doubled_and_costs_the_workers_nothing(
    site: Site, endpoint: Vendor, tmp_path: Path
) -> None:
    with running(site, tmp_path, **settings(endpoint)) as server:
        paths = visit_at_leisure(server, range(PAGES))
        server.stop()
    # The master of uWSGI ends without telling Python.
    told = ["/boot"] if "uwsgi" not in site.programs else []
    assert delivered(endpoint) == once(*told, *paths), server.log
    assert server.log.count("'s master, which serves no request") == 1


@each({"40-gunicorn-max-requests": _gunicorn("lifecycle:wsgi", "--max-requests", "50")})
def test_workers_that_are_replaced_lose_nothing(
    site: Site, endpoint: Vendor, tmp_path: Path
) -> None:
    with running(site, tmp_path, **settings(endpoint)) as server:
        first = server.workers()
        paths = visit(server, range(160))
        assert {*first}.isdisjoint(server.workers())
        server.stop()
    assert delivered(endpoint) == once(*paths)


@each(SOME)
def test_sigterm_under_load_doubles_nothing_and_loses_no_page_that_was_answered(
    site: Site, endpoint: Vendor, tmp_path: Path
) -> None:
    answered: list[str] = []

    def browse(visitor: int) -> None:
        for page in range(visitor * 1000, visitor * 1000 + 1000):
            try:
                answered.extend(visit(server, range(page, page + 1)))
            except httpx2.HTTPError:
                return

    with running(site, tmp_path, **settings(endpoint)) as server:
        crowd = [threading.Thread(target=browse, args=(visitor,)) for visitor in range(4)]
        for each_visitor in crowd:
            each_visitor.start()
        assert wait_until(lambda: len(answered) > PAGES)
        seconds = server.stop()
        for each_visitor in crowd:
            each_visitor.join()
    found = delivered(endpoint)
    if "uwsgi" not in site.programs:  # its workers run no exit hook if they are busy by then
        assert set(answered) <= found.keys(), server.log
    assert max(found.values()) == 1
    # A server ends what it has begun before it lets us know.
    assert seconds < MAX_STOP_SECONDS


@each(
    {
        name.replace("31", "33").replace("39", "33"): COMPLETE[name]
        for name in (*SOME, "31-granian-asgi", "31-waitress-on-sigterm", "43-gunicorn-gevent")
    }
)
def test_an_endpoint_that_hangs_holds_up_no_server(site: Site, tmp_path: Path) -> None:
    with (
        vendor(vendors.hanging) as silent,
        running(site, tmp_path, **settings(silent, **SHORT)) as server,
    ):
        visit(server, range(3))
        assert server.stop() < MAX_HUNG_STOP_SECONDS


@each({name.replace("31", "32").replace("39", "32"): site for name, site in SOME.items()})
def test_a_second_sigterm_is_as_quiet_as_the_first(site: Site, tmp_path: Path) -> None:
    with (
        vendor(vendors.hanging) as silent,
        running(site, tmp_path, **settings(silent, **SHORT)) as server,
    ):
        visit(server, range(3))
        server.terminate()
        # `stop` sends the second one.
        assert server.stop() < MAX_HUNG_STOP_SECONDS


@each({"30-gunicorn": _gunicorn("lifecycle:wsgi", "--preload")})
def test_a_worker_that_is_killed_loses_the_last_moment_at_most(
    site: Site, endpoint: Vendor, tmp_path: Path
) -> None:
    with running(site, tmp_path, **settings(endpoint)) as server:
        earlier = visit(server, range(PAGES))
        assert wait_until(lambda: len(delivered(endpoint)) == PAGES)
        [worker] = server.workers()
        os.kill(worker, signal.SIGKILL)
        assert wait_until(lambda: server.workers() not in ([], [worker]))
        later = visit(server, range(PAGES, 2 * PAGES))
        server.stop()
    assert delivered(endpoint) == once(*earlier, *later)


@pytest.mark.server
def test_44_runserver_reloads_and_loses_nothing(endpoint: Vendor, tmp_path: Path) -> None:
    folder = tmp_path / "examples"
    shutil.copytree(DJANGO_SITE.parent, folder)
    site = Site(
        command=(sys.executable, "django_site/manage.py", "runserver", "127.0.0.1:{port}"),
        folder=folder,
    )
    views = folder / "django_site" / "mysite" / "views.py"
    paths: list[str] = []

    def has_reloaded(child: int) -> bool:
        views.touch()
        return server.workers() not in ([], [child])

    with running(site, tmp_path, **settings(endpoint)) as server:
        for number in range(3):
            [child] = server.workers()
            query = f"/?ref={number}"
            headers = {**NAVIGATION, "user-agent": f"Mozilla/5.0 (X11) Firefox/{100 + number}.0"}
            httpx2.get(server.url + query, headers=headers).raise_for_status()
            paths.append(query)
            # Again and again, for a change before the reloader's first look is none.
            assert wait_until(lambda: has_reloaded(child), 20)  # noqa: B023
            server.wait_until_ready()
        server.stop()
    assert delivered(endpoint) == once(*paths)


def _celery(pool: str, *options: str) -> Site:
    return Site(
        command=(
            *(sys.executable, "-m", "celery", "--app", "lifecycle_tasks", "worker"),
            *("--pool", pool, "--concurrency", "1", "--loglevel", "INFO", *options),
            *("--without-gossip", "--without-mingle", "--without-heartbeat"),
        ),
        folder=APPS,
        programs=("celery",),
        says=" ready.",
    )


@pytest.fixture
def celery_settings(tmp_path: Path) -> dict[str, Any]:
    """Of Celery, for a broker that is a folder."""
    broker = tmp_path / "broker"
    broker.mkdir()
    return {
        "broker_transport_options": {
            **dict.fromkeys(("data_folder_in", "data_folder_out"), str(broker)),
            "control_folder": str(tmp_path / "control"),
        },
        "worker_hijack_root_logger": False,
    }


def ask(celery_settings: dict[str, Any], task: str, *arguments: int) -> None:
    from celery import Celery

    app = Celery(broker="filesystem://")
    app.conf.update(celery_settings)
    app.send_task(task, arguments)


@each({f"41-{pool}": _celery(pool) for pool in ("prefork", "threads", "solo")})
def test_a_celery_worker_that_is_stopped_has_delivered_everything_once(
    site: Site, celery_settings: dict[str, Any], tmp_path: Path
) -> None:
    tasks = 2
    conf = json.dumps(celery_settings)
    with (
        vendor(vendors.slow(0.5, vendors.answer())) as endpoint,
        running(site, tmp_path, CELERY=conf, **settings(endpoint)) as server,
    ):
        for number in range(tasks):
            ask(celery_settings, "tell", number)
        assert wait_until(lambda: server.log.count("succeeded in") == tasks)
        server.stop()
    assert delivered(endpoint) == once(*(f"/{number}" for number in range(tasks)))


@each({"41-replaced": _celery("prefork", "--max-tasks-per-child", "1")})
def test_a_celery_child_that_is_replaced_has_delivered_what_its_task_told(
    site: Site, celery_settings: dict[str, Any], tmp_path: Path
) -> None:
    """Unlike a worker that is stopped, it leaves its task's events no time of its own."""
    events = 5
    conf = json.dumps(celery_settings)
    with (
        vendor(vendors.slow(0.2, vendors.answer())) as endpoint,
        running(site, tmp_path, CELERY=conf, **settings(endpoint)) as server,
    ):
        [child] = server.workers()
        ask(celery_settings, "tell_all", events)
        assert wait_until(lambda: child not in server.workers(), 20)
        server.stop()
    assert delivered(endpoint) == once(*(f"/{page}" for page in range(events)))
