"""Real servers are stopped, reloaded and killed, and no event is lost or doubled.

The numbers in the ids are those of `tests/FAULTS.md`.
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
from email.parser import BytesHeaderParser
from pathlib import Path
from typing import Any, Final

import httpx2
import pytest
import trustme

from tests.e2e.chromium import NAVIGATION
from tests.e2e.servers import (
    APPS,
    DJANGO_SITE,
    Server,
    ServerSpec,
    daphne,
    each_server,
    granian,
    gunicorn,
    hypercorn,
    mod_wsgi,
    running,
    uvicorn,
    uwsgi,
    waitress,
)
from tests.support import vendors
from tests.support.http2 import answering, http2_vendor
from tests.support.vendors import Vendor, vendor, wait_until

# How many pages are visited before the vendor has all events, and again right before the end.
PAGES: Final = 20
# The vendor's response time, long enough for the server to stop before the response.
ROUND_TRIP_SECONDS: Final = 0.05
# For a vendor that hangs: only the first of these may be waited for.
SHORT: Final = {"FOOTFALL_SHUTDOWN_TIMEOUT_SECONDS": "1", "FOOTFALL_TIMEOUT_SECONDS": "60"}


def _gunicorn(app: str, *options: str, workers: int = 1) -> ServerSpec:
    # After this time it would kill a worker, and nobody would see what held that up.
    return gunicorn(app, "--graceful-timeout", "100", *options, workers=workers, folder=APPS)


# Without these options waitress deletes the header that a proxy sets.
FORWARDED: Final = ("--trusted-proxy=127.0.0.1", "--trusted-proxy-headers=x-forwarded-for")

# Servers that run one of the exit hooks.
WITH_EXIT_HOOK: Final = {
    "31-uvicorn": uvicorn("lifecycle:asgi", folder=APPS),
    "31-uvicorn-workers": uvicorn("lifecycle:asgi", "--workers", "2", folder=APPS),
    "31-uvicorn-lifespan-off-on-sigterm": uvicorn(
        "lifecycle_on_sigterm:asgi", "--lifespan", "off", folder=APPS
    ),
    "31-gunicorn-sync": _gunicorn("lifecycle:wsgi", workers=2),
    "31-gunicorn-gthread": _gunicorn("lifecycle:wsgi", "--worker-class=gthread", "--threads=4"),
    "31-gunicorn-asgi": _gunicorn("lifecycle:asgi", "--worker-class=asgi"),
    "31-gunicorn-uvicorn": _gunicorn(
        "lifecycle:asgi", "--worker-class=uvicorn_worker.UvicornWorker"
    ),
    "31-gunicorn-tornado": _gunicorn("lifecycle:wsgi", "--worker-class=tornado"),
    "31-hypercorn": hypercorn("lifecycle:asgi", folder=APPS),
    "31-hypercorn-trio": hypercorn("lifecycle:asgi", "--worker-class=trio", folder=APPS),
    "31-hypercorn-wsgi": hypercorn("wsgi:lifecycle:wsgi", folder=APPS),
    "31-daphne": daphne("lifecycle:asgi", folder=APPS),
    "31-granian-asgi": granian("lifecycle:asgi", "asgi", folder=APPS),
    "31-granian-asgi-workers": granian("lifecycle:asgi", "asgi", workers=2, folder=APPS),
    "31-granian-wsgi": granian("lifecycle:wsgi", "wsgi", folder=APPS),
    "31-granian-wsgi-workers": granian("lifecycle:wsgi", "wsgi", workers=2, folder=APPS),
    "31-waitress-on-sigterm": waitress("lifecycle_on_sigterm:wsgi", *FORWARDED, folder=APPS),
    "31-mod-wsgi": mod_wsgi("lifecycle:wsgi", folder=APPS),
    "31-mod-wsgi-daemon": mod_wsgi("lifecycle:wsgi", daemon="processes=2 threads=2", folder=APPS),
    "35-gunicorn-preload": _gunicorn("lifecycle:wsgi", "--preload", workers=2),
    "39-uwsgi": uwsgi("lifecycle:wsgi", folder=APPS),
    "39-uwsgi-fork-hooks": uwsgi("lifecycle:wsgi", "--py-call-uwsgi-fork-hooks", folder=APPS),
    # One worker: a second one would be stopped while it still loads the app, and log an error.
    "39-uwsgi-lazy-apps": uwsgi("lifecycle:wsgi", "--lazy-apps", workers=1, folder=APPS),
    "39-uwsgi-threads": uwsgi("lifecycle:wsgi", "--threads", "2", folder=APPS),
    "39-uwsgi-skip-teardown": uwsgi("lifecycle:wsgi", "--skip-atexit-teardown", folder=APPS),
    "43-gunicorn-gevent": _gunicorn("lifecycle:wsgi", "--worker-class=gevent"),
    "43-gunicorn-gevent-preload": _gunicorn("lifecycle:wsgi", "--worker-class=gevent", "--preload"),
}

# Servers that run no exit hook: events that have not left yet are lost. hypercorn kills its other
# workers as soon as the first has ended.
WITHOUT_EXIT_HOOK: Final = {
    "31-hypercorn-workers": hypercorn("lifecycle:asgi", "--workers", "2", folder=APPS),
    "31-uvicorn-lifespan-off": uvicorn("lifecycle:asgi", "--lifespan", "off", folder=APPS),
    "31-waitress": waitress("lifecycle:wsgi", *FORWARDED, folder=APPS),
    "39-uwsgi-skip-atexit": uwsgi("lifecycle:wsgi", "--skip-atexit", folder=APPS),
}

# An event is tracked in the master, whose thread runs while the workers are forked.
TRACKED_BEFORE_FORK: Final = {
    "35-gunicorn-preload": _gunicorn("lifecycle_track_at_import:wsgi", "--preload", workers=2),
    "35-gunicorn-gevent-preload": _gunicorn(
        "lifecycle_track_at_import:wsgi", "--preload", "--worker-class=gevent"
    ),
    "39-uwsgi": uwsgi("lifecycle_track_at_import:wsgi", folder=APPS),
    "39-uwsgi-fork-hooks": uwsgi(
        "lifecycle_track_at_import:wsgi", "--py-call-uwsgi-fork-hooks", folder=APPS
    ),
}

SOME: Final = {
    name: WITH_EXIT_HOOK[name]
    for name in ("31-uvicorn", "31-gunicorn-gthread", "31-hypercorn", "39-uwsgi-threads")
}


# Of each server one, or one of each kind of its workers.
OVER_HTTP2: Final = {
    name: WITH_EXIT_HOOK[name]
    for name in (
        "31-uvicorn",
        "31-uvicorn-workers",
        "31-gunicorn-sync",
        "31-gunicorn-gthread",
        "31-gunicorn-uvicorn",
        "31-hypercorn",
        "31-daphne",
        "31-granian-wsgi",
        "31-waitress-on-sigterm",
        "35-gunicorn-preload",
        "39-uwsgi",
    )
}


@pytest.fixture
def endpoint() -> Iterator[Vendor]:
    behave = vendors.slow(ROUND_TRIP_SECONDS, vendors.answer())
    with vendor(behave) as server:
        yield server


def settings(endpoint: Vendor, **options: str) -> dict[str, str]:
    return {"FOOTFALL_DESTINATIONS": f"plausible+{endpoint.url}/site.test", **options}


def visit(server: Server, pages: range) -> list[str]:
    """Visit these pages, each as another visitor, and return their paths."""
    # uWSGI closes each connection without a `Connection: close`.
    with httpx2.Client(base_url=server.url, headers={"connection": "close"}) as client:
        for page in pages:
            visitor = {
                "user-agent": f"Mozilla/5.0 (X11; rv:{page}.0) Firefox/{100 + page}.0",
                "x-forwarded-for": address(page),
            }
            client.get(path(page), headers={**NAVIGATION, **visitor}).raise_for_status()
    return [path(page) for page in pages]


def path(page: int) -> str:
    """The path of a page, in which servers decode a letter before the app sees it."""
    return f"/caf%C3%A9/{page}"


def address(page: int) -> str:
    """The address of the visitor of a page."""
    return f"2001:db8::1:{page:x}"


def visit_and_wait(server: Server, pages: range) -> list[str]:
    """`visit`, then wait until no worker of uWSGI is in a request: it would run no exit hook."""
    paths = visit(server, pages)
    if "uWSGI" in server.log:
        # It logs a request at its end, after the visitor has the whole response.
        assert wait_until(lambda: all(f"GET {path} => " in server.log for path in paths))
    return paths


def delivered(endpoint: Vendor) -> Counter[str]:
    """How many events the endpoint has got for each path."""
    return Counter(path for path, _ in events(endpoint))


def events(endpoint: Vendor) -> list[tuple[str, str]]:
    """The path and the visitor's address of each event that the endpoint has got."""
    parts = [request.partition(b"\r\n\r\n") for request in [*endpoint.requests]]
    return [
        (
            "/" + json.loads(body)["url"].split("/", 3)[3],
            BytesHeaderParser().parsebytes(head.partition(b"\r\n")[2]).get("x-forwarded-for", ""),
        )
        for head, _, body in parts
    ]


def once(*paths: str) -> Counter[str]:
    return Counter(dict.fromkeys(paths, 1))


@each_server(WITH_EXIT_HOOK, always=[*SOME, "31-gunicorn-sync", "43-gunicorn-gevent"])
def test_a_server_that_is_stopped_has_delivered_every_page_once_with_its_visitor(
    spec: ServerSpec, endpoint: Vendor, tmp_path: Path
) -> None:
    with running(spec, tmp_path, **settings(endpoint)) as server:
        visit_and_wait(server, range(PAGES))
        server.stop()
    expected = [(path(page), address(page)) for page in range(PAGES)]
    assert sorted(events(endpoint)) == sorted(expected), server.log


@each_server(OVER_HTTP2, always=["31-uvicorn", "31-gunicorn-gthread"])
def test_a_server_that_is_stopped_has_delivered_what_was_in_flight_over_http_2(
    spec: ServerSpec, tmp_path: Path
) -> None:
    authority, bundle = trustme.CA(), tmp_path / "authorities.pem"
    authority.cert_pem.write_to_path(str(bundle))
    with http2_vendor(
        answering(after=ROUND_TRIP_SECONDS), certificate=authority.issue_cert("127.0.0.1")
    ) as endpoint:
        environ = {
            "FOOTFALL_DESTINATIONS": f"plausible+{endpoint.url}/site.test",
            "SSL_CERT_FILE": str(bundle),
        }
        with running(spec, tmp_path, **environ) as server:
            paths = visit_and_wait(server, range(PAGES))
            server.stop()
        urls = [json.loads(request.body)["url"] for request in endpoint.requests]
        assert Counter("/" + url.split("/", 3)[3] for url in urls) == once(*paths), server.log
        assert {*endpoint.protocols} == {"h2"}
        assert not endpoint.violations


@each_server(WITHOUT_EXIT_HOOK, always=())
def test_a_server_without_exit_hook_loses_at_most_the_newest_events(
    spec: ServerSpec, endpoint: Vendor, tmp_path: Path
) -> None:
    with running(spec, tmp_path, **settings(endpoint)) as server:
        earlier = visit(server, range(PAGES))
        assert wait_until(lambda: len(delivered(endpoint)) == PAGES)
        last = visit(server, range(PAGES, 2 * PAGES))
        server.stop()
    found = delivered(endpoint)
    assert found.keys() >= {*earlier}
    assert found <= once(*earlier, *last)


@each_server(TRACKED_BEFORE_FORK, always=())
def test_what_is_tracked_before_a_fork_is_never_doubled_and_costs_the_workers_nothing(
    spec: ServerSpec, endpoint: Vendor, tmp_path: Path
) -> None:
    with running(spec, tmp_path, **settings(endpoint)) as server:
        paths = visit_and_wait(server, range(PAGES))
        server.stop()
    # The master of uWSGI runs no exit hook of Python.
    boot = ["/boot"] if "uwsgi" not in spec.programs else []
    assert delivered(endpoint) == once(*boot, *paths), server.log
    assert server.log.count("'s master, which serves no request") == 1


@pytest.mark.long
@each_server({"40-gunicorn-max-requests": _gunicorn("lifecycle:wsgi", "--max-requests", "50")})
def test_workers_that_are_replaced_lose_no_event(
    spec: ServerSpec, endpoint: Vendor, tmp_path: Path
) -> None:
    with running(spec, tmp_path, **settings(endpoint)) as server:
        first = server.workers()
        paths = visit(server, range(160))
        assert {*first}.isdisjoint(server.workers())
        server.stop()
    assert delivered(endpoint) == once(*paths), server.log


@each_server(SOME, always=())
def test_sigterm_under_load_doubles_no_event_and_loses_no_page_that_was_served(
    spec: ServerSpec, endpoint: Vendor, tmp_path: Path
) -> None:
    served: list[str] = []

    def browse(visitor: int) -> None:
        for page in range(visitor * 1000, visitor * 1000 + 1000):
            try:
                served.extend(visit(server, range(page, page + 1)))
            except httpx2.HTTPError:
                return

    with running(spec, tmp_path, **settings(endpoint)) as server:
        visitors = [threading.Thread(target=browse, args=(visitor,)) for visitor in range(4)]
        for thread in visitors:
            thread.start()
        assert wait_until(lambda: len(served) > PAGES)
        server.stop()
        for thread in visitors:
            thread.join()
    found = delivered(endpoint)
    if "uwsgi" not in spec.programs:  # a worker that is in a request then runs no exit hook
        assert set(served) <= found.keys(), server.log
    assert max(found.values()) == 1


@each_server(
    {
        name.replace("31", "33").replace("39", "33"): WITH_EXIT_HOOK[name]
        for name in (*SOME, "31-granian-asgi", "31-waitress-on-sigterm", "43-gunicorn-gevent")
    },
    always=(),
)
def test_an_endpoint_that_hangs_delays_no_server(spec: ServerSpec, tmp_path: Path) -> None:
    with (
        vendor(vendors.hanging) as silent,
        running(spec, tmp_path, **settings(silent, **SHORT)) as server,
    ):
        visit(server, range(3))
        server.stop()


@pytest.mark.long
@each_server(
    {
        "39-uwsgi": uwsgi("lifecycle_interrupted:wsgi", workers=1, folder=APPS),
        "39-uwsgi-fork-hooks": uwsgi(
            "lifecycle_interrupted:wsgi", "--py-call-uwsgi-fork-hooks", workers=1, folder=APPS
        ),
    }
)
def test_a_worker_that_is_stopped_while_it_is_forked_ends_quietly(
    spec: ServerSpec, endpoint: Vendor, tmp_path: Path
) -> None:
    with running(spec, tmp_path, **settings(endpoint)) as server:
        # Its master starts another one.
        assert wait_until(lambda: "Respawned uWSGI worker 1" in server.log)
        paths = visit_and_wait(server, range(3))
        server.stop()
    assert delivered(endpoint) == once(*paths), server.log


@each_server(
    {name.replace("31", "32").replace("39", "32"): spec for name, spec in SOME.items()},
    always=(),
)
def test_a_second_sigterm_is_as_quiet_as_the_first(spec: ServerSpec, tmp_path: Path) -> None:
    with (
        vendor(vendors.hanging) as silent,
        running(spec, tmp_path, **settings(silent, **SHORT)) as server,
    ):
        visit(server, range(3))
        server.terminate()
        # `stop` sends the second one.
        server.stop()


@each_server({"30-gunicorn": _gunicorn("lifecycle:wsgi", "--preload")})
def test_a_worker_that_is_killed_loses_no_event_that_has_left(
    spec: ServerSpec, endpoint: Vendor, tmp_path: Path
) -> None:
    with running(spec, tmp_path, **settings(endpoint)) as server:
        earlier = visit(server, range(PAGES))
        assert wait_until(lambda: len(delivered(endpoint)) == PAGES)
        [worker] = server.workers()
        os.kill(worker, signal.SIGKILL)
        assert wait_until(lambda: server.workers() not in ([], [worker]))
        later = visit(server, range(PAGES, 2 * PAGES))
        server.stop()
    assert delivered(endpoint) == once(*earlier, *later)


@pytest.mark.long
@pytest.mark.server
def test_44_runserver_reloads_and_loses_no_event(endpoint: Vendor, tmp_path: Path) -> None:
    folder = tmp_path / "examples"
    shutil.copytree(DJANGO_SITE.parent, folder)
    spec = ServerSpec(
        command=(sys.executable, "django_site/manage.py", "runserver", "127.0.0.1:{port}"),
        folder=folder,
    )
    views = folder / "django_site" / "mysite" / "views.py"
    paths: list[str] = []

    def has_reloaded(child: int) -> bool:
        views.touch()
        return server.workers() not in ([], [child])

    with running(spec, tmp_path, **settings(endpoint)) as server:
        for number in range(3):
            [child] = server.workers()
            query = f"/?ref={number}"
            headers = {**NAVIGATION, "user-agent": f"Mozilla/5.0 (X11) Firefox/{100 + number}.0"}
            httpx2.get(server.url + query, headers=headers).raise_for_status()
            paths.append(query)
            # Repeatedly, for the reloader ignores a change before its first scan.
            assert wait_until(lambda: has_reloaded(child), 20)  # noqa: B023
            server.wait_until_ready()
        server.stop()
    assert delivered(endpoint) == once(*paths), server.log


def _celery(pool: str, *options: str) -> ServerSpec:
    return ServerSpec(
        command=(
            *(sys.executable, "-m", "celery", "--app", "lifecycle_tasks", "worker"),
            *("--pool", pool, "--concurrency", "1", "--loglevel", "INFO", *options),
            *("--without-gossip", "--without-mingle", "--without-heartbeat"),
        ),
        folder=APPS,
        programs=("celery",),
        ready_texts=(" ready.",),
    )


@pytest.fixture
def celery_settings(tmp_path: Path) -> dict[str, Any]:
    """Celery's settings, for a broker that is a folder."""
    broker = tmp_path / "broker"
    broker.mkdir()
    return {
        "broker_transport_options": {
            **dict.fromkeys(("data_folder_in", "data_folder_out"), str(broker)),
            "control_folder": str(tmp_path / "control"),
        },
        "worker_hijack_root_logger": False,
    }


def send_task(celery_settings: dict[str, Any], task: str, *arguments: int) -> None:
    from celery import Celery

    app = Celery(broker="filesystem://")
    app.conf.update(celery_settings)
    app.send_task(task, arguments)


@each_server({f"41-{pool}": _celery(pool) for pool in ("prefork", "threads", "solo")}, always=())
def test_a_celery_worker_that_is_stopped_has_delivered_every_event_once(
    spec: ServerSpec, celery_settings: dict[str, Any], tmp_path: Path
) -> None:
    tasks = 2
    conf = json.dumps(celery_settings)
    with (
        vendor(vendors.slow(0.5, vendors.answer())) as endpoint,
        running(spec, tmp_path, CELERY=conf, **settings(endpoint)) as server,
    ):
        for number in range(tasks):
            send_task(celery_settings, "track_one", number)
        assert wait_until(lambda: server.log.count("succeeded in") == tasks)
        server.stop()
    assert delivered(endpoint) == once(*(f"/{number}" for number in range(tasks)))


@each_server({"41-replaced": _celery("prefork", "--max-tasks-per-child", "1")}, always=())
def test_a_celery_child_that_is_replaced_has_delivered_the_events_of_its_task(
    spec: ServerSpec, celery_settings: dict[str, Any], tmp_path: Path
) -> None:
    """Unlike a worker that is stopped, the child ends as soon as its task is done."""
    events = 5
    conf = json.dumps(celery_settings)
    with (
        vendor(vendors.slow(0.2, vendors.answer())) as endpoint,
        running(spec, tmp_path, CELERY=conf, **settings(endpoint)) as server,
    ):
        [child] = server.workers()
        send_task(celery_settings, "track_many", events)
        assert wait_until(lambda: child not in server.workers(), 20)
        server.stop()
    assert delivered(endpoint) == once(*(f"/{page}" for page in range(events)))
