"""A libcurl handle: its options, and when it is freed."""

from __future__ import annotations

import weakref
from pathlib import Path

import pytest

from footfall.delivery.transport import CurlTransport
from tests.delivery.transport.requests import request_to
from tests.support import vendors
from tests.support.vendors import vendor


def test_a_handle_is_freed_with_its_transport() -> None:
    with vendor(vendors.answering(vendors.answer())) as server:
        transport = CurlTransport()
        transport.send(request_to(server.url))
        multi = transport._idle.take()
        assert multi is not None
        [[handle]] = multi._idle.values()
        curl = weakref.ref(handle.curl)
        transport._idle.put(multi)
        del handle, multi
        transport.close()
        assert curl() is None


def test_a_folder_of_authorities_is_handed_to_libcurl(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
    with vendor(vendors.answering(vendors.answer())) as server:
        assert CurlTransport().send(request_to(server.url)).status == 202
