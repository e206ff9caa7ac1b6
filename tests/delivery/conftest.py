"""A certificate authority that this process trusts."""

from __future__ import annotations

from pathlib import Path

import pytest
import trustme

from footfall.delivery.transport import httpcore_connections


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def trusted(authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> trustme.CA:
    """The authority, which this process trusts as if it were in the system's bundle."""
    bundle = tmp_path / "authorities.pem"
    authority.cert_pem.write_to_path(str(bundle))
    monkeypatch.setenv("SSL_CERT_FILE", str(bundle))
    monkeypatch.setattr(httpcore_connections, "_tls_context", None)
    return authority
