"""Real proxies in front of real servers: the app finds the visitor's address, never a forged one.

On one machine every client is 127.0.0.1. So the outermost proxy speaks the PROXY protocol, by which
load balancers pass on the address of a connection, and the test sends the visitor's address there.
"""

from __future__ import annotations

import http.client
import socket
import subprocess
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final

import pytest

from tests.conftest import program
from tests.e2e.nginx import Nginx
from tests.e2e.servers import (
    APPS,
    Server,
    ServerSpec,
    each_server,
    granian,
    gunicorn,
    hypercorn,
    running,
    uvicorn,
    uwsgi,
    waitress,
)
from tests.support.adapters import CHROME
from tests.support.vendors import answer, answering, unused_port, vendor, wait_until
from tests.support.waiting import MAX_SECONDS

VISITOR: Final = "203.0.113.9"
VISITOR_V6: Final = "2001:db8::9"

SERVERS: Final = {
    "uvicorn": uvicorn("visitor_address:asgi", "--app-dir", str(APPS), "--no-proxy-headers"),
    "uvicorn-proxy-headers": uvicorn(
        "visitor_address:asgi", "--app-dir", str(APPS), "--proxy-headers"
    ),
    "gunicorn": gunicorn("visitor_address:wsgi", folder=APPS),
    "gunicorn-proxyfix-outside": gunicorn("visitor_address:fixed_outside", folder=APPS),
    "gunicorn-proxyfix-inside": gunicorn("visitor_address:fixed_inside", folder=APPS),
}

# Servers that build the environ or scope in other ways; one chain is enough for them.
# Waitress deletes the headers of proxies that it is not configured to trust, and then rewrites the
# peer.
OTHER_SERVERS: Final = {
    "waitress": waitress(
        "visitor_address:wsgi",
        *("--trusted-proxy=127.0.0.1", "--trusted-proxy-headers=x-forwarded-for"),
        folder=APPS,
    ),
    "hypercorn": hypercorn("visitor_address:asgi", folder=APPS),
    "granian-asgi": granian("visitor_address:asgi", "asgi", folder=APPS),
    "granian-wsgi": granian("visitor_address:wsgi", "wsgi", folder=APPS),
}

# What a client may send to appear as somebody else.
FORGERIES: Final[dict[str, list[str]]] = {
    "nothing": [],
    "one address": ["X-Forwarded-For: 6.6.6.6"],
    "a chain": ["X-Forwarded-For: 6.6.6.6, 10.0.0.1, 127.0.0.1"],
    "two lines": ["X-Forwarded-For: 6.6.6.6", "X-Forwarded-For: 7.7.7.7"],
    "Forwarded": ["Forwarded: for=6.6.6.6", "X-Forwarded-For: unknown"],
    "other headers": ["X-Real-IP: 6.6.6.6", "CF-Connecting-IP: 6.6.6.6", "True-Client-IP: 6.6.6.6"],
    "underscores": ["X_Forwarded_For: 6.6.6.6"],
    "garbage": ['X-Forwarded-For: \xff,,;="', 'Forwarded: for="[::1'],
}


APPENDS: Final = "proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;"
REPLACES: Final = "proxy_set_header X-Forwarded-For $remote_addr;"
TRUSTS_BALANCER: Final = "set_real_ip_from 127.0.0.1; real_ip_header proxy_protocol;"


def address_seen_by_app(address: str, headers: list[str], visitor: str = VISITOR) -> str:
    """The visitor's address that the app behind `address` finds for a request of `visitor`."""
    host, _, port = address.rpartition(":")
    family = "TCP6" if ":" in visitor else "TCP4"
    server = "::1" if family == "TCP6" else "127.0.0.1"
    lines = [
        "GET / HTTP/1.1",
        "Host: example.com",
        "User-Agent: Mozilla/5.0 (X11) Firefox/140",
        *headers,
    ]
    with socket.create_connection((host.strip("[]"), int(port)), timeout=10) as connection:
        greeting = f"PROXY {family} {visitor} {server} 40000 80\r\n"
        request = "\r\n".join([*lines, "Connection: close", "", ""])
        connection.sendall((greeting + request).encode("latin-1"))
        with closing(http.client.HTTPResponse(connection)) as response:
            response.begin()
            assert response.status == 200
            return response.read().decode()


def one_hop(nginx: Nginx, app: Server) -> str:
    return nginx.add_hop(app.url, forwards=APPENDS, realip=TRUSTS_BALANCER)


def one_hop_that_replaces(nginx: Nginx, app: Server) -> str:
    return nginx.add_hop(app.url, forwards=REPLACES, realip=TRUSTS_BALANCER)


def two_hops(nginx: Nginx, app: Server) -> str:
    inner = nginx.add_hop(app.url, forwards=APPENDS)
    return nginx.add_hop(f"http://{inner}", forwards=APPENDS, realip=TRUSTS_BALANCER)


CHAINS: Final[dict[str, tuple[Callable[[Nginx, Server], str], list[str]]]] = {
    "client - nginx - app": (one_hop, ["auto", "private", "127.0.0.1", "1"]),
    "client - nginx that replaces - app": (one_hop_that_replaces, ["auto", "1"]),
    "client - nginx - nginx - app": (two_hops, ["auto", "127.0.0.0/8", "2"]),
}


@each_server(SERVERS, "nginx", always=["uvicorn", "gunicorn"])
@pytest.mark.parametrize(("chain", "forms"), CHAINS.values(), ids=CHAINS.keys())
def test_the_visitor_is_found_behind_nginx_whatever_a_client_forges(
    spec: ServerSpec, chain: Callable[[Nginx, Server], str], forms: list[str], tmp_path: Path
) -> None:
    for form in forms:
        folder = tmp_path / form.replace("/", "-")
        folder.mkdir()
        with running(spec, folder, **settings(form)) as app:
            nginx = Nginx(folder)
            address = chain(nginx, app)
            with nginx.running():
                found = {
                    name: address_seen_by_app(address, lines) for name, lines in FORGERIES.items()
                }
                assert found == dict.fromkeys(FORGERIES, VISITOR), form
                assert address_seen_by_app(address, [], VISITOR_V6) == VISITOR_V6


@each_server(OTHER_SERVERS, "nginx", always=())
def test_the_visitor_is_found_by_other_servers_too(spec: ServerSpec, tmp_path: Path) -> None:
    with running(spec, tmp_path, **settings("auto")) as app:
        nginx = Nginx(tmp_path)
        address = one_hop(nginx, app)
        with nginx.running():
            found = {name: address_seen_by_app(address, FORGERIES[name]) for name in SIMPLE}
            found_v6 = address_seen_by_app(address, [], VISITOR_V6)
    assert found == dict.fromkeys(SIMPLE, VISITOR)
    assert found_v6 == VISITOR_V6


def settings(form: str) -> dict[str, str]:
    return {
        "FOOTFALL_DESTINATIONS": "collector://127.0.0.1:9/example.com",
        "FOOTFALL_TRUSTED_PROXIES": form,
    }


def on_a_socket(spec: ServerSpec, socket_path: Path) -> ServerSpec:
    """The same server on a unix socket, and on its port, where `running` sees that it is ready."""
    command = list(spec.command)
    if "uvicorn" in command:
        at = command.index("--port")
        return ServerSpec(command=(*command[:at], "--uds", str(socket_path), *command[at + 2 :]))
    at = command.index("--bind")
    bind = ("--bind", f"unix:{socket_path}")
    return ServerSpec(command=(*command[:at], *bind, *command[at:]), folder=spec.folder)


def uwsgi_on_a_socket(socket_path: Path) -> ServerSpec:
    return uwsgi("visitor_address:wsgi", "--http-socket", str(socket_path), workers=1, folder=APPS)


def waitress_on_a_socket(socket_path: Path) -> ServerSpec:
    options = ("--trusted-proxy=localhost", "--trusted-proxy-headers=x-forwarded-for")
    spec = waitress("visitor_address:wsgi", *options, folder=APPS)
    # It has a port or a socket.
    command = [part for part in spec.command if not part.startswith("--listen")]
    command.insert(-1, f"--unix-socket={socket_path}")
    return replace(spec, command=tuple(command), ready_texts=("Serving on",))


@pytest.mark.long
@pytest.mark.server("nginx", "gunicorn", "uwsgi")
@pytest.mark.parametrize(
    "spec_of",
    [partial(on_a_socket, SERVERS["gunicorn"]), uwsgi_on_a_socket, waitress_on_a_socket],
    ids=["gunicorn", "uwsgi", "waitress"],
)
def test_the_visitor_is_found_over_a_unix_socket(
    spec_of: Callable[[Path], ServerSpec], tmp_path: Path
) -> None:
    path = tmp_path / "app.sock"
    forgeries = SIMPLE if spec_of is waitress_on_a_socket else [*FORGERIES]
    with running(spec_of(path), tmp_path, **settings("auto")):
        nginx = Nginx(tmp_path)
        address = nginx.add_hop(f"http://unix:{path}", forwards=APPENDS, realip=TRUSTS_BALANCER)
        with nginx.running():
            found = {name: address_seen_by_app(address, FORGERIES[name]) for name in forgeries}
    assert found == dict.fromkeys(forgeries, VISITOR)


@pytest.mark.server("nginx", "uvicorn")
def test_the_visitor_is_found_over_ipv6_loopback(tmp_path: Path) -> None:
    spec = uvicorn("visitor_address:asgi", "--app-dir", str(APPS), "--no-proxy-headers")
    with running(spec, tmp_path, **settings("auto")) as app:
        nginx = Nginx(tmp_path)
        address = nginx.add_hop(
            app.url,
            forwards=APPENDS,
            listen=f"[::1]:{unused_port()}",
            realip="set_real_ip_from ::1; real_ip_header proxy_protocol;",
        )
        with nginx.running():
            assert (
                address_seen_by_app(address, ["X-Forwarded-For: 6.6.6.6"], VISITOR_V6) == VISITOR_V6
            )


@pytest.mark.long
@pytest.mark.server("haproxy", "uvicorn")
@pytest.mark.parametrize("name", ["uvicorn", "uvicorn-proxy-headers", "gunicorn"])
def test_the_visitor_is_found_behind_haproxy(name: str, tmp_path: Path) -> None:
    port = unused_port()
    with running(SERVERS[name], tmp_path, **settings("auto")) as app:
        config = tmp_path / "haproxy.cfg"
        config.write_text(
            "defaults\n mode http\n timeout connect 5s\n timeout client 5s\n timeout server 5s\n"
            f"frontend in\n bind 127.0.0.1:{port} accept-proxy\n"
            " option forwardfor\n default_backend app\n"
            f"backend app\n server one 127.0.0.1:{app.port}\n"
        )
        haproxy = program("haproxy") or "haproxy"
        with (tmp_path / "haproxy.out").open("wb") as out:
            process = subprocess.Popen([haproxy, "-db", "-f", str(config)], stdout=out, stderr=out)
        try:
            assert wait_until(lambda: accepts(port))
            found = {
                forgery: address_seen_by_app(f"127.0.0.1:{port}", FORGERIES[forgery])
                for forgery in SIMPLE
            }
        finally:
            process.terminate()
            process.wait(10)
    assert found == dict.fromkeys(SIMPLE, VISITOR)


@pytest.mark.server("nginx", "gunicorn")
def test_an_nginx_that_hides_the_host_is_told_in_the_log(tmp_path: Path) -> None:
    spec = gunicorn("flask_app:app")
    with vendor(answering(answer())) as endpoint:
        environment = {
            "FOOTFALL_DESTINATIONS": f"plausible+http://127.0.0.1:{endpoint.port}/example.com",
            # As if that were elsewhere.
            "FOOTFALL_TRACK_LOCALHOST": "false",
        }
        with running(spec, tmp_path, **environment) as app:
            nginx = Nginx(tmp_path)
            bare = nginx.add_hop(app.url, forwards="", host="")
            mended = nginx.add_hop(app.url, forwards="", host="proxy_set_header Host $host;")
            with nginx.running():
                for _ in range(2):
                    open_page(bare)
                assert wait_until(lambda: "a page was not counted" in app.log), app.log
                open_page(mended)
                assert wait_until(lambda: bool(endpoint.requests))
            app.stop()
    assert len(endpoint.requests) == 1
    assert app.log.count("a page was not counted") == 1
    assert "proxy_set_header Host $host;" in app.log


def open_page(address: str) -> None:
    """Open a page of www.example.com at a proxy, as a browser does."""
    host, _, port = address.rpartition(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=MAX_SECONDS)
    headers = {"Host": "www.example.com", "User-Agent": CHROME, "Accept": "text/html"}
    with closing(connection):
        connection.request("GET", "/pricing", headers=headers)
        assert connection.getresponse().status == 200


# HAProxy and waitress refuse bytes that are not ASCII by themselves.
SIMPLE: Final = [name for name in FORGERIES if name != "garbage"]


def accepts(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
