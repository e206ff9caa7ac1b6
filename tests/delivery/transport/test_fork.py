"""Both HTTP transports in forked children, and at the end of a process."""

from __future__ import annotations

import os
import ssl
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest
import trustme

from tests.delivery.transport.requests import request_to
from tests.support import vendors
from tests.support.transports import CLIENTS, Client
from tests.support.vendors import vendor


def test_a_forked_child_opens_its_own_connection(transport: Any) -> None:
    with vendor(vendors.answering(vendors.answer())) as server:
        transport.send(request_to(server.url))
        child = os.fork()
        if child == 0:
            status = 1
            try:
                status = 0 if transport.send(request_to(server.url)).status == 202 else 1
            finally:
                os._exit(status)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        transport.send(request_to(server.url))
        assert (server.connections, len(server.requests)) == (2, 3)


FORKING = """
    import gc, os, sys, threading
    from footfall.model import Request
    from footfall.delivery.transport import CurlTransport, HTTPXTransport

    transport = {"curl": CurlTransport, "httpx": HTTPXTransport}[sys.argv[1]]()
    request = Request(url=sys.argv[2], headers={}, body=b"{}")
    has_sent, may_end = threading.Event(), threading.Event()


    def work():
        transport.send(request)
        has_sent.set()
        may_end.wait(30)
        transport.send(request)


    # A thread that no child has
    worker = threading.Thread(target=work)
    worker.start()
    has_sent.wait(30)
    transport.send(request)
    child = os.fork()
    if child == 0:
        # Everything that might free what was inherited, the end of the interpreter included.
        if sys.argv[3] == "used":
            transport.send(request)
        del transport
        gc.collect()
        sys.exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    transport.send(request)
    may_end.set()
    worker.join()
"""


@pytest.mark.parametrize("child", ["used", "unused"])
def test_a_forked_child_sends_no_close_notify_on_its_parents_tls_connections(
    client: Client, child: str, tmp_path: Path
) -> None:
    """A `close_notify` from the child would end the parent's connection, or garble it."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(tls)
    name = next(name for name, each in CLIENTS.items() if each is client)
    with vendor(vendors.answering(vendors.answer()), tls=tls) as server:
        done = subprocess.run(
            [
                sys.executable,
                "-W",
                "ignore",
                "-c",
                textwrap.dedent(FORKING),
                name,
                server.url + "/",
                child,
            ],
            # In development mode Python would warn about what the child leaves to the parent.
            env={
                **os.environ,
                "SSL_CERT_FILE": str(tmp_path / "ca.pem"),
                "PYTHONDEVMODE": "",
            },
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, "")
        of_the_child = 1 if child == "used" else 0
        assert server.connections == 1 + of_the_child
        assert len(server.requests) == 4 + of_the_child


ENDING = """
    import sys, threading
    from footfall.model import Request
    from footfall.delivery.transport import CurlTransport, HTTPXTransport
    from tests.support import vendors

    server = vendors.Vendor(vendors.hanging)
    transport = {"curl": CurlTransport, "httpx": HTTPXTransport}[sys.argv[1]]()
    request = Request(url=server.url + "/", headers={}, body=b"{}")
    threading.Thread(target=transport.send, args=(request,), daemon=True).start()
    assert vendors.wait_until(lambda: server.requests)
"""


@pytest.mark.parametrize("name", CLIENTS)
def test_a_process_ends_quietly_with_a_post_in_flight(name: str) -> None:
    command = [sys.executable, "-X", "dev", "-c", textwrap.dedent(ENDING), name]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
