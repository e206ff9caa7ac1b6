"""The settings of proxies in `docs/proxies.md`, in front of a server that shows what it gets."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import httpx2
import pytest

from tests.conftest import program
from tests.support.documents import blocks_of
from tests.support.vendors import Vendor, answer, answering, unused_port, vendor, wait_until
from tests.support.waiting import MAX_SECONDS

pytestmark = pytest.mark.long

FORGED: Final = {"x-forwarded-for": "192.0.2.66", "host": "example.com"}
TEMPORARY: Final = "".join(
    f"{name}_temp_path {{folder}}/{name};"
    for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
)
NGINX: Final = (
    f"daemon off; pid {{folder}}/pid; error_log {{folder}}/error.log; events {{{{}}}}"
    f" http {{{{ access_log off; {TEMPORARY} {{code}} }}}}"
)
APACHE_MODULES: Final = "/usr/lib/apache2/modules"
APACHE: Final = "\n".join(
    (
        *("ServerName example.com", "Listen 127.0.0.1:{port}", "PidFile {folder}/pid"),
        *("DefaultRuntimeDir {folder}", "ErrorLog {folder}/error.log", "{code}"),
    )
)
LOADED: Final = "".join(
    f"LoadModule {name}_module {APACHE_MODULES}/mod_{name}.so\n"
    for name in ("mpm_prefork", "authz_core", "proxy", "proxy_http", "headers")
)


# Of each proxy: the settings around those of the page, the address in these, and its command.
PROXIES: Final = {
    "nginx": (NGINX, "listen 80;", "listen 127.0.0.1:{port};", ("nginx", "-c")),
    "caddy": (
        "{{\n admin off\n}}\n{code}",
        "example.com {",
        "http://example.com:{port} {{",
        ("caddy", "run", "--adapter", "caddyfile", "--config"),
    ),
    "haproxy": ("{code}", "bind :80", "bind 127.0.0.1:{port}", ("haproxy", "-db", "-f")),
    "apache": (
        LOADED + APACHE,
        "<VirtualHost *:80>",
        "<VirtualHost 127.0.0.1:{port}>",
        ("apache2", "-D", "FOREGROUND", "-f"),
    ),
}
# Apache does not run as root.
AS_A_USER: Final = ("unshare", "--user", "--map-user=1000", "--map-group=1000")


def answers(url: str) -> bool:
    try:
        return httpx2.get(url, headers={"host": "example.com"}).status_code < 500
    except httpx2.TransportError:
        return False


@contextmanager
def running(name: str, upstream: str, folder: Path) -> Iterator[str]:
    """A proxy with the settings of the page; yields its address."""
    around, address, ours, command = PROXIES[name]
    port = unused_port()
    [block] = [block for block in blocks_of(name) if block.page == "docs/proxies.md"]
    assert address in block.code
    code = block.code.replace(address, ours.format(port=port))
    code = code.replace("127.0.0.1:8000", upstream)
    file = folder / "settings"
    file.write_text(around.format(folder=folder, port=port, code=code), encoding="utf-8")
    as_user = AS_A_USER if name == "apache" and os.geteuid() == 0 else ()
    line = [*as_user, program(command[0]) or command[0], *command[1:], str(file)]
    with (folder / "log").open("wb") as log:
        # Apache ends its whole process group.
        process = subprocess.Popen(
            line,
            stdout=log,
            stderr=log,
            env={**os.environ, "HOME": str(folder)},
            start_new_session=True,
        )
    url = f"http://127.0.0.1:{port}"
    try:
        assert wait_until(lambda: answers(url), MAX_SECONDS), (folder / "log").read_text()
        yield url
    finally:
        process.terminate()
        process.wait(MAX_SECONDS)


def headers_of(server: Vendor) -> dict[str, str]:
    """The headers of the newest request, by lower-case name."""
    head = server.requests[-1].partition(b"\r\n\r\n")[0].decode("latin-1")
    pairs = (line.partition(":") for line in head.split("\r\n")[1:])
    return {name.lower(): value.strip() for name, _, value in pairs}


@pytest.mark.parametrize(
    ("name", "forwarded_for"),
    [
        pytest.param("nginx", "192.0.2.66, 127.0.0.1", marks=pytest.mark.server("nginx")),
        pytest.param("caddy", "127.0.0.1", marks=pytest.mark.server("caddy")),
        pytest.param("haproxy", "127.0.0.1", marks=pytest.mark.server("haproxy")),
        pytest.param("apache", "192.0.2.66, 127.0.0.1", marks=pytest.mark.server("apache2")),
    ],
)
def test_a_proxy_passes_on_address_host_and_scheme(
    name: str, forwarded_for: str, tmp_path: Path
) -> None:
    with (
        vendor(answering(answer("200 OK"))) as server,
        running(name, server.url.removeprefix("http://"), tmp_path) as url,
    ):
        httpx2.get(url, headers=FORGED).raise_for_status()
        headers = headers_of(server)
    assert headers["host"] == "example.com"
    assert headers["x-forwarded-for"] == forwarded_for
    assert headers["x-forwarded-proto"] == "http"
