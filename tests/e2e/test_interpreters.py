"""uWSGI with several apps: each in an interpreter of its own, which ends with the worker."""

from __future__ import annotations

import sys
from pathlib import Path

import httpx2
import pytest

from tests.e2e.chromium import NAVIGATION
from tests.e2e.servers import APPS, ServerSpec, each_server, running, uwsgi
from tests.support import vendors
from tests.support.vendors import vendor, wait_until


def mounted(first: str, *options: str) -> ServerSpec:
    """uWSGI with the app `first` in the main interpreter, and one that counts in another."""
    mounts = ("--mount", "/other=lifecycle:wsgi", "--manage-script-name")
    return uwsgi(first, *mounts, *options, workers=1, folder=APPS)


@each_server(
    {
        "73-uwsgi-mounts": mounted("lifecycle:wsgi"),
        "73-uwsgi-mounts-lazy-apps": mounted("lifecycle:wsgi", "--lazy-apps"),
        "73-uwsgi-mounts-one-counts": mounted("lifecycle_uncounted:wsgi"),
    }
)
@pytest.mark.skipif(
    sys.version_info < (3, 13),
    reason="before Python 3.13 every worker of uWSGI with two interpreters aborts",
)
def test_a_worker_with_two_interpreters_ends_without_aborting(
    spec: ServerSpec, tmp_path: Path
) -> None:
    with vendor(vendors.slow(0.2, vendors.answer())) as endpoint:
        destination = f"plausible+{endpoint.url}/site.test"
        with running(spec, tmp_path, FOOTFALL_DESTINATIONS=destination) as server:
            visitor = {**NAVIGATION, "connection": "close", "x-forwarded-for": "198.51.100.7"}
            for path in ("/page", "/other/page"):
                httpx2.get(server.url + path, headers=visitor).raise_for_status()
            # uWSGI logs a request at its end; a worker that is in one runs no exit hook.
            assert wait_until(lambda: server.log.count("GET /") == 2)
            server.stop()
            assert "multiple interpreter mode" in server.log
            assert "Fatal Python error" not in server.log
        counting = 1 if "lifecycle_uncounted:wsgi" in spec.command else 2
        assert len(endpoint.requests) == counting
