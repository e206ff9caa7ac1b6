"""What vendors send, and their certificates, for the tests of faults on the wire."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
import trustme

from tests.support import vendors
from tests.support.vendors import Vendor

ACCEPTED = vendors.answer()


def always(status: str, body: bytes = b"{}", extra: str = "") -> vendors.Behaviour:
    """Every request gets this response."""
    return vendors.answering(vendors.answer(status, body, extra))


def first(status: str, extra: str = "") -> vendors.Behaviour:
    """The first request of all gets `status`, every other is accepted."""

    def behave(connection: socket.socket, server: Vendor) -> None:
        while server.read_request(connection):
            is_first = len(server.requests) == 1
            connection.sendall(vendors.answer(status, extra=extra) if is_first else ACCEPTED)

    return behave


def closing_after_each(header: str) -> vendors.Behaviour:
    """Each connection gets one response, with `header` in it, and is closed."""

    def behave(connection: socket.socket, server: Vendor) -> None:
        server.read_request(connection)
        connection.sendall(vendors.answer(extra=header))
        connection.shutdown(socket.SHUT_WR)

    return behave


def warnings_in(caplog: pytest.LogCaptureFixture) -> list[str]:
    """The texts of all warnings."""
    return [each.getMessage() for each in caplog.records if each.levelname == "WARNING"]


def server_context(certificate: trustme.LeafCert) -> ssl.SSLContext:
    """TLS for a server with this certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return context


CERTIFICATES: dict[str, Callable[[trustme.CA], trustme.LeafCert]] = {
    "expired": lambda ca: ca.issue_cert("127.0.0.1", not_after=datetime(2020, 1, 1, tzinfo=UTC)),
    "of-another-host": lambda ca: ca.issue_cert("another.example"),
    "nobody-vouches": lambda ca: trustme.CA().issue_cert("127.0.0.1"),
}
"""Certificates that no client may trust."""
