"""The ways out, each against servers on a real socket: what they write, keep, choose and refuse.

Their faults are in test_faults_wire.
"""

from __future__ import annotations

import importlib.util
import os
import ssl
import subprocess
import sys
import textwrap
import threading
import types
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme

from footfall.config import Config
from footfall.delivery.transport import (
    MAX_BODY_BYTES,
    TRANSPORT_NAMES,
    CurlTransport,
    HTTPXTransport,
    MemoryTransport,
    ca_bundle,
    choose,
    curl_errors,
    http_common,
    why_unavailable,
)
from footfall.delivery.transport.curl_response import CurlResponse
from footfall.delivery.transport.dns_cache import DNSCache
from footfall.delivery.transport.httpcore_connections import Connections
from footfall.delivery.transport.idle_pool import IdlePool
from footfall.delivery.transport.proxies import Proxy, proxy_for
from footfall.errors import Ambiguous, ConfigError, NotSent, TimedOut
from footfall.model import Request
from footfall.tracker import Tracker
from tests.support import vendors
from tests.support.transports import CLIENTS, Client
from tests.support.vendors import vendor

PLAUSIBLE = "plausible://plausible.io/example.com"


def request_to(url: str, body: bytes = b"{}") -> Request:
    return Request(url=url + "/api/event", headers={"user-agent": "Mozilla/5.0"}, body=body)


@pytest.fixture(params=[*CLIENTS.values()], ids=[*CLIENTS])
def client(request: pytest.FixtureRequest) -> Client:
    found: Client = request.param
    return found


@pytest.fixture
def quick(client: Client) -> Iterator[CurlTransport | HTTPXTransport]:
    transport = client()
    yield transport
    transport.close()


# -- one exchange ------------------------------------------------------------------------------


def test_an_answer_comes_back_with_lower_case_header_names(quick: Any) -> None:
    with vendor(vendors.answering(vendors.answer(extra="X-Plausible-Dropped: 1\r\n"))) as server:
        response = quick.send(request_to(server.url))
    assert (response.status, response.body) == (202, b"ok")
    assert response.headers["x-plausible-dropped"] == "1"


def test_repeated_headers_of_an_answer_are_joined(quick: Any) -> None:
    twice = vendors.answer(extra="Via: a\r\nvia:b\r\n")
    with vendor(vendors.answering(twice)) as server:
        assert quick.send(request_to(server.url)).headers["via"] == "a, b"


def test_nothing_is_added_to_the_headers_but_what_http_needs_and_our_mark(quick: Any) -> None:
    with vendor(vendors.answering(vendors.answer())) as server:
        quick.send(request_to(server.url, b'{"a":1}'))
        port = server.port
        head, _, body = server.requests[0].partition(b"\r\n\r\n")
    assert body == b'{"a":1}'
    first, *lines = head.decode().split("\r\n")
    assert first == "POST /api/event HTTP/1.1"
    assert sorted(line.lower() for line in lines) == [
        "content-length: 7",
        "footfall: 1",
        f"host: 127.0.0.1:{port}",
        "user-agent: mozilla/5.0",
    ]


def test_a_header_without_a_value_is_sent_without_one(quick: Any) -> None:
    request = Request(url="", headers={"user-agent": "", "x-a": "1"}, body=b"")
    with vendor(vendors.answering(vendors.answer())) as server:
        quick.send(Request(url=server.url + "/", headers=request.headers, body=b""))
        lines = server.requests[0].decode().lower().split("\r\n")
    assert "user-agent:" in [line.strip() for line in lines]


@pytest.mark.parametrize("value", ["a\r\nX-Evil: 1", "a\nb", "a\0b", "a\x1bb", "a\x7f", "\u20ac"])
def test_a_header_that_http_forbids_is_never_written(quick: Any, value: str) -> None:
    with vendor(vendors.answering(vendors.answer())) as server:
        with pytest.raises(ValueError, match=r"header|latin-1"):
            quick.send(Request(url=server.url, headers={"x-name": value}, body=b""))
        assert server.requests == []


def test_one_connection_serves_many_requests_and_addresses(quick: Any) -> None:
    with vendor(vendors.answering(vendors.answer())) as server:
        for number in range(20):
            quick.send(request_to(server.url + f"/{number % 2}"))
        assert (server.connections, len(server.requests)) == (1, 20)


def test_what_nobody_takes_for_a_minute_is_let_go() -> None:
    now = [0.0]
    shelf = IdlePool[str](clock=lambda: now[0])
    for name in ("a", "b"):
        shelf.put(name)
    now[0] = 61.0
    shelf.put("c")
    assert [shelf.take(), shelf.take()] == ["c", None]


def test_many_hosts_are_served_with_few_connections_kept(quick: Any) -> None:
    with vendor(vendors.answering(vendors.answer())) as server:
        for number in range(2 * http_common.MAX_HOSTS):
            assert quick.send(request_to(server.url + f"/{number}")).status == 202


def test_closing_closes_the_idle_connections_and_the_next_request_opens_another(
    quick: Any,
) -> None:
    with vendor(vendors.closing_second) as server:
        quick.send(request_to(server.url))
        quick.close()
        assert quick.send(request_to(server.url)).status == 202
        assert server.connections == 2


def test_a_closed_port_and_an_unknown_name_are_surely_not_sent(quick: Any) -> None:
    for url in (f"http://127.0.0.1:{vendors.unused_port()}", "http://no-such-host.invalid"):
        with pytest.raises(NotSent):
            quick.send(request_to(url))


def test_of_a_huge_body_only_the_first_part_is_read(quick: Any) -> None:
    with vendor(vendors.huge_body) as server:
        response = quick.send(request_to(server.url))
    assert (response.status, len(response.body)) == (202, MAX_BODY_BYTES)


def test_a_chunked_answer_with_a_trailer_is_read(quick: Any) -> None:
    answer = (
        b"HTTP/1.1 202 Accepted\r\nTransfer-Encoding: chunked\r\nTrailer: X-Late\r\n\r\n"
        b"2\r\nok\r\n1\r\n!\r\n0\r\nX-Late: 1\r\n\r\n"
    )
    with vendor(vendors.answering(answer)) as server:
        for _ in range(2):
            response = quick.send(request_to(server.url))
            assert (response.status, response.body) == (202, b"ok!")
        assert server.connections == 1


# -- processes ---------------------------------------------------------------------------------


def test_a_forked_child_opens_its_own_connection(quick: Any) -> None:
    with vendor(vendors.answering(vendors.answer())) as server:
        quick.send(request_to(server.url))
        child = os.fork()
        if child == 0:
            status = 1
            try:
                status = 0 if quick.send(request_to(server.url)).status == 202 else 1
            finally:
                os._exit(status)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        quick.send(request_to(server.url))
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
def test_a_forked_child_says_no_goodbye_on_its_parents_tls_connections(
    client: Client, child: str, tmp_path: Path
) -> None:
    """A `close_notify` of the child's would end the parent's connection, or garble it."""
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
            # In development mode Python would complain of what is left to the parent.
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


def test_a_forked_child_waits_for_no_lock_of_its_parents_connections(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    inherited = Connections(DNSCache())
    pool = inherited.route_to("http://vendor.invalid/").origin._pool
    assert pool is not None
    inherited._pid = os.getppid()
    with pool._optional_thread_lock:  # by a thread that the child does not have
        freeing = threading.Thread(target=inherited.__del__)
        freeing.start()
        freeing.join(2)
        has_waited = freeing.is_alive()
    assert not has_waited


@pytest.mark.parametrize("name", CLIENTS)
def test_a_process_ends_quietly_with_a_post_on_its_way(name: str) -> None:
    command = [sys.executable, "-X", "dev", "-c", textwrap.dedent(ENDING), name]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_handle_is_freed_with_its_transport() -> None:
    with vendor(vendors.answering(vendors.answer())) as server:
        transport = CurlTransport()
        transport.send(request_to(server.url))
        [shelf] = transport._pools.values()
        handle = shelf.take()
        assert handle is not None
        shelf.put(handle)
        curl = weakref.ref(handle._curl)
        del handle, shelf
        transport.close()
        assert curl() is None


# -- which one ---------------------------------------------------------------------------------


def test_auto_takes_libcurl_where_it_is_installed() -> None:
    assert repr(choose("auto", timeout_seconds=5)) == "CurlTransport(timeout_seconds=5)"


@pytest.fixture
def without_curl(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pycurl", None)


@pytest.mark.usefixtures("without_curl")
def test_auto_takes_httpx_where_libcurl_is_missing() -> None:
    assert repr(choose("auto", timeout_seconds=5)) == "HTTPXTransport(timeout_seconds=5)"
    assert why_unavailable("auto") is None


@pytest.mark.usefixtures("without_curl")
def test_libcurl_by_name_needs_its_extra() -> None:
    with pytest.raises(
        ConfigError, match=r'transport=.curl.: run `pip install "footfall\[curl\]"`'
    ):
        Config(destinations=[PLAUSIBLE], transport="curl")


def test_a_pycurl_that_is_too_old_is_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    import pycurl

    monkeypatch.delattr(pycurl, "MAXLIFETIME_CONN")
    assert isinstance(choose("auto", timeout_seconds=5), HTTPXTransport)
    with pytest.raises(ConfigError, match=r"pip install -U .*: PycURL/.* is too old"):
        Config(destinations=[PLAUSIBLE], transport="curl")


def test_auto_stays_cooperative_under_gevent(monkeypatch: pytest.MonkeyPatch) -> None:
    patched = {"socket": False}
    monkey = types.ModuleType("gevent.monkey")
    monkeypatch.setattr(monkey, "is_module_patched", patched.__getitem__, raising=False)
    monkeypatch.setitem(sys.modules, "gevent.monkey", monkey)
    assert isinstance(choose("auto", timeout_seconds=5), CurlTransport)
    patched["socket"] = True
    assert isinstance(choose("auto", timeout_seconds=5), HTTPXTransport)
    assert isinstance(choose("curl", timeout_seconds=5), CurlTransport)


@pytest.mark.skipif(importlib.util.find_spec("gevent") is None, reason="gevent is not installed")
def test_gevent_itself_is_asked() -> None:
    code = (
        "from gevent import monkey; monkey.patch_all(); "
        "from footfall.delivery.transport import choose; print(choose('auto', timeout_seconds=5))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "HTTPXTransport(timeout_seconds=5)"


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("auto", "CurlTransport(timeout_seconds=3)"),
        ("curl", "CurlTransport(timeout_seconds=3)"),
        ("httpx", "HTTPXTransport(timeout_seconds=3)"),
    ],
)
def test_the_environment_may_choose_and_the_first_line_and_the_counters_say_what(
    name: str, found: str, caplog: pytest.LogCaptureFixture
) -> None:
    environ = {
        "FOOTFALL_DESTINATIONS": PLAUSIBLE,
        "FOOTFALL_TRANSPORT": name,
        "FOOTFALL_TIMEOUT_SECONDS": "3",
    }
    with caplog.at_level("INFO", "footfall"):
        tracker = Tracker.from_options({}, environ=environ)
    assert tracker.stats()["transport"] == found
    assert found in caplog.records[0].getMessage()


@pytest.mark.parametrize("wish", ["libcurl", 7, None, object()])
def test_what_cannot_send_is_no_transport(wish: object) -> None:
    with pytest.raises(ConfigError, match=r'write one of "auto", "curl", "httpx", or give'):
        Config(destinations=[PLAUSIBLE], transport=wish)  # type: ignore[arg-type]


def test_under_pytest_nothing_leaves_by_any_name() -> None:
    for name in TRANSPORT_NAMES:
        made = Tracker.from_options({"destinations": [PLAUSIBLE], "transport": name})
        assert isinstance(made.transport, MemoryTransport)


def test_the_memory_transport_keeps_the_newest_requests() -> None:
    memory = MemoryTransport(max_requests=2)
    for number in range(3):
        assert memory.send(request_to("http://x", str(number).encode())).status == 202
    assert [request.body for request in memory.requests] == [b"1", b"2"]
    assert repr(memory) == "MemoryTransport(<2 requests>)"


# -- the thinking parts ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "bytes_sent", "meaning"),
    [
        *((code, 0, NotSent) for code in (*curl_errors.NEVER_LEFT, *curl_errors.MAY_HAVE_LEFT, 78)),
        *((code, 99, NotSent) for code in curl_errors.NEVER_LEFT),
        *((code, 99, Ambiguous) for code in (*curl_errors.MAY_HAVE_LEFT, 78) if code != 28),
        (28, 99, TimedOut),
    ],
)
def test_an_error_of_libcurls_is_a_refusal_only_if_the_request_surely_never_left(
    code: int, bytes_sent: int, meaning: type[Exception]
) -> None:
    assert type(curl_errors.error_of(code, "", bytes_sent)) is meaning
    assert str(curl_errors.error_of(code, "its words", bytes_sent)) == "its words"


def test_the_numbers_are_libcurls_own() -> None:
    import pycurl

    named = {
        "E_COULDNT_RESOLVE_PROXY": 5,
        "E_COULDNT_RESOLVE_HOST": 6,
        "E_COULDNT_CONNECT": 7,
        "E_SSL_CONNECT_ERROR": 35,
        "E_PEER_FAILED_VERIFICATION": 60,
        "E_SSL_CACERT_BADFILE": 77,
    }
    assert {name: getattr(pycurl, name) for name in named} == named
    assert set(named.values()) <= set(curl_errors.NEVER_LEFT)
    assert not set(curl_errors.NEVER_LEFT) & set(curl_errors.MAY_HAVE_LEFT)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("timeout=5", 4.0),
        ("timeout=65, max=100", 60.0),
        ("max=100, Timeout = 20", 19.0),
        ("timeout=0", 0.0),
        ("max=100", 4.0),
        ("timeout=abc", 4.0),
        ("xtimeout=9", 4.0),
        ("", 4.0),
    ],
)
def test_a_connection_waits_for_as_long_as_the_peer_promises(value: str, seconds: float) -> None:
    assert http_common.idle_seconds({"keep-alive": value}, 4.0) == seconds


def test_a_socks_proxy_without_its_package_is_told_with_the_remedy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.setenv("all_proxy", "socks5://127.0.0.1:9")
    monkeypatch.setitem(sys.modules, "socksio", None)
    with pytest.raises(NotSent, match="pip install socksio"):
        HTTPXTransport().send(Request(url="http://a.example/", headers={}, body=b""))


@pytest.mark.parametrize(
    ("url", "environ", "proxy"),
    [
        ("http://a.example/", {}, None),
        ("http://a.example/", {"http_proxy": "http://p:1"}, Proxy("http://p:1")),
        ("https://a.example/", {"http_proxy": "http://p:1"}, None),
        ("https://a.example/", {"HTTPS_PROXY": "p:1"}, Proxy("http://p:1")),
        ("https://a.example/", {"all_proxy": "socks5h://p:1"}, Proxy("socks5h://p:1")),
        (
            "http://a.example/",
            {"http_proxy": "http://me:p%40ss@p:1"},
            Proxy("http://p:1", "me", "p@ss"),
        ),
        ("http://a.example/", {"http_proxy": "http://p:1", "no_proxy": "a.example"}, None),
        ("http://b.a.example/", {"http_proxy": "http://p:1", "no_proxy": ".a.example"}, None),
        ("http://a.example:8/", {"http_proxy": "http://p:1", "no_proxy": "a.example:8"}, None),
        ("http://10.1.2.3/", {"http_proxy": "http://p:1", "no_proxy": "a, 10.0.0.0/8"}, None),
        ("http://10.1.2.3/", {"http_proxy": "http://p:1", "no_proxy": "10.1.2.3"}, None),
        ("http://[::1]:8/", {"http_proxy": "http://p:1", "NO_PROXY": "::1"}, None),
        ("http://[fd00::1]/", {"http_proxy": "http://p:1", "no_proxy": "fd00::/8"}, None),
        (
            "http://11.1.2.3/",
            {"http_proxy": "http://p:1", "no_proxy": "10.0.0.0/8,11.0.0.0/33,fd00::/8"},
            Proxy("http://p:1"),
        ),
        # httpoxy: in CGI a visitor writes this variable, as the header `Proxy`.
        ("http://a.example/", {"HTTP_PROXY": "http://evil:1", "REQUEST_METHOD": "GET"}, None),
    ],
)
def test_the_environment_names_the_proxy(
    url: str, environ: dict[str, str], proxy: Proxy | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    assert proxy_for(url) == proxy
    assert "p@ss" not in repr(proxy)


def test_the_systems_bundle_is_trusted_unless_the_environment_names_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle = tmp_path / "bundle.pem"
    bundle.touch()
    bundles = (str(tmp_path / "none.pem"), str(bundle))
    found = ca_bundle.find_ca_bundle
    assert found({}, bundles) == (str(bundle), None)
    assert found({"SSL_CERT_FILE": "/f"}, bundles) == ("/f", None)
    assert found({"SSL_CERT_DIR": "/d"}, bundles) == (None, "/d")
    monkeypatch.setitem(sys.modules, "certifi", None)
    assert found({}, ()) == (None, None)
    certifi = types.ModuleType("certifi")
    monkeypatch.setattr(certifi, "where", lambda: "/certifi.pem", raising=False)
    monkeypatch.setitem(sys.modules, "certifi", certifi)
    assert found({}, ()) == ("/certifi.pem", None)


def test_a_folder_of_authorities_is_handed_to_libcurl(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
    with vendor(vendors.answering(vendors.answer())) as server:
        assert CurlTransport().send(request_to(server.url)).status == 202


def test_names_are_asked_for_once_a_minute_and_the_address_that_worked_comes_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import socket

    now, asked = [0.0], [0]

    def getaddrinfo(host: str, port: int, **options: Any) -> Any:
        asked[0] += 1
        return [(0, 0, 0, "", (address, port)) for address in ("::1", "::1", "1.1.1.1", "2.2.2.2")]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    names = DNSCache(clock=lambda: now[0])
    assert names.addresses("a.example", 80) == ("::1", "1.1.1.1", "2.2.2.2")
    names.prefer("a.example", 80, "2.2.2.2")
    now[0] = 59.0
    assert names.addresses("a.example", 80) == ("2.2.2.2", "::1", "1.1.1.1")
    assert asked == [1]
    now[0] = 61.0
    assert names.addresses("a.example", 80) == ("::1", "1.1.1.1", "2.2.2.2")
    assert asked == [2]


def test_a_name_that_is_none_is_not_asked_for_again_at_once() -> None:
    names = DNSCache(clock=lambda: 0.0)
    for _ in range(2):
        with pytest.raises(OSError, match="the host name is invalid"):
            names.addresses("a" * 64 + ".example", 80)


def test_the_head_that_counts_is_the_last_one() -> None:
    incoming = CurlResponse()
    lines = (
        b"HTTP/1.1 100 Continue\r\n",
        b"\r\n",
        b"HTTP/1.1 103 Early Hints\r\n",
        b"Link: a\r\n",
        b"\r\n",
        b"HTTP/1.1 202 Accepted\r\n",
        b"Via: b\r\n",
        b"\r\n",
    )
    for line in lines:
        assert incoming.add_header_line(line) is None
    assert incoming.has_head
    assert (incoming.response().status, incoming.response().headers) == (202, {"via": "b"})
