"""Where the certificate authorities are."""

from __future__ import annotations

import sys
import types
from pathlib import Path

import pytest

from footfall.delivery.transport import ca_bundle


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
