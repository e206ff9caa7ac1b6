"""Whether a destination can be reached from this machine, step by step. Sends no event.

For `footfall check` and for Django's `manage.py check --deploy`. The proxy variables of the
environment are honoured, as by the transports.
"""

from __future__ import annotations

import os
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from footfall.delivery.transport.proxies import SOCKS_SCHEMES, proxy_for
from footfall.destinations import Collector, Destination, file_of, has_own_transport
from footfall.errors import NotSent

TIMEOUT_SECONDS: Final = 5.0
"""Of each step: a person waits for the result."""

_STARTED: Final = "Start it: `footfall collect`, which prints the line to set."


class ReachStep(NamedTuple):
    """One step on the way to a destination."""

    name: str
    """`file`, `proxy`, `DNS`, `connection`, `TLS` or `HTTP`."""
    is_ok: bool
    text: str
    remedy: str = ""
    """What to change; empty where `is_ok`."""


def steps_to(
    destination: Destination, *, timeout_seconds: float = TIMEOUT_SECONDS
) -> Iterator[ReachStep]:
    """Try one step after the other; ends with the first that fails. None for a queue.

    A file is neither made nor opened.
    """
    target: Destination = getattr(destination, "to", destination)
    if (file := file_of(target)) is not None:
        yield _file_step(Path(file.path))
    parts = urlsplit(target.endpoint)
    if has_own_transport(target):
        return
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        return
    try:
        proxy = proxy_for(target.endpoint, {"http", "https", *SOCKS_SCHEMES})
    except NotSent as error:
        yield ReachStep("proxy", is_ok=False, text=str(error), remedy=str(error))
        return
    port = parts.port or (443 if parts.scheme == "https" else 80)
    if proxy is not None:
        yield ReachStep("proxy", is_ok=True, text=f"through {proxy.url}, as the environment says")
        direct = []
    else:
        direct = [*_direct(target, parts.hostname, port, timeout_seconds)]
    yield from direct
    if all(step.is_ok for step in direct):
        yield _answer(target, timeout_seconds)


def _file_step(path: Path) -> ReachStep:
    place = "" if path.is_absolute() else f", below the working directory {Path.cwd()}"
    folder = path.absolute().parent
    if not folder.is_dir():
        text, remedy = f"there is no directory {folder}", "Make it, or name another file."
    elif not os.access(path if path.exists() else folder, os.W_OK):
        text, remedy = f"{path} may not be written by this user", "Change that, or name another."
    else:
        state = "is there" if path.exists() else "is made with the first event"
        return ReachStep("file", is_ok=True, text=f"{path} {state}{place}")
    return ReachStep("file", is_ok=False, text=text + place, remedy=remedy)


def _direct(
    target: Destination, host: str, port: int, timeout_seconds: float
) -> Iterator[ReachStep]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        yield ReachStep(
            "DNS",
            is_ok=False,
            text=f"{host} does not resolve: {_said(error)}",
            remedy=f"Check the spelling of {host} in `destinations`, and that this machine, or its "
            "container, resolves names.",
        )
        return
    addresses = dict.fromkeys(str(each[4][0]) for each in found)
    yield ReachStep("DNS", is_ok=True, text=f"{host} is {', '.join(addresses)}")
    try:
        connection = socket.create_connection((host, port), timeout_seconds)
    except OSError as error:
        is_collector = isinstance(target, Collector)
        yield ReachStep(
            "connection",
            is_ok=False,
            text=f"port {port} of {host}: {_said(error)}",
            remedy=f"{_STARTED} If it runs, `destinations` names another port."
            if is_collector
            else f"Check host and port in `destinations`; a firewall must let this machine reach "
            f"port {port}, or HTTPS_PROXY name a proxy.",
        )
        return
    with connection:
        yield ReachStep("connection", is_ok=True, text=f"port {port} is open")
        if target.endpoint.startswith("https:"):
            yield _tls(target, connection, host)


def _tls(target: Destination, connection: socket.socket, host: str) -> ReachStep:
    from footfall.delivery.transport.httpcore_connections import tls_context

    try:
        with tls_context().wrap_socket(connection, server_hostname=host) as secured:
            return ReachStep(
                "TLS", is_ok=True, text=f"{secured.version()}, the certificate is valid"
            )
    except ssl.SSLCertVerificationError as error:
        return ReachStep(
            "TLS",
            is_ok=False,
            text=error.verify_message,
            remedy="Let the server have a valid certificate for its name; SSL_CERT_FILE names the "
            "file of an authority of your own.",
        )
    except (OSError, ValueError) as error:
        vendor = target.name.partition(":")[0]
        return ReachStep(
            "TLS",
            is_ok=False,
            text=f"the server does not speak TLS: {_said(error)}",
            remedy=f"If it speaks plain HTTP, write {vendor}+http:// in `destinations`; a "
            "collector's line begins with collector://.",
        )


def _answer(target: Destination, timeout_seconds: float) -> ReachStep:
    import httpx2

    from footfall.delivery.transport.httpcore_connections import tls_context

    is_collector = isinstance(target, Collector)
    url = target.endpoint
    if is_collector:
        url = url.removesuffix("/api/event") + "/api/health"
    try:
        with httpx2.Client(verify=tls_context(), timeout=timeout_seconds) as client:
            status = client.get(url, headers={"user-agent": "footfall"}).status_code
    except (httpx2.HTTPError, OSError, ValueError) as error:
        return ReachStep(
            "HTTP",
            is_ok=False,
            text=f"no answer: {_said(error)}",
            remedy="Check that the server behind this address is the one that `destinations` "
            "means, and that it runs.",
        )
    # An events endpoint takes POST only, and may say anything to this.
    if status < 500 and not (is_collector and status != 200):
        return ReachStep("HTTP", is_ok=True, text="the server answers")
    remedy = "See the server's own log."
    if is_collector and status < 500:
        remedy = f"Another program listens there, or a proxy in front refuses. {_STARTED}"
    return ReachStep("HTTP", is_ok=False, text=f"{url} answers {status}", remedy=remedy)


def _said(error: Exception) -> str:
    """What an error says, without its number."""
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
