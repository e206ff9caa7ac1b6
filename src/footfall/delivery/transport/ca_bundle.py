"""Where this machine keeps the certificate authorities that it trusts, for libcurl.

httpx2 finds them by itself. A libcurl that came in a wheel was built on another machine and may
search where no file is; one that found none would refuse every vendor.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple

# Debian, Alpine and Arch; Fedora and Red Hat; SUSE; macOS and the BSDs. Go searches here too
# (crypto/x509/root_linux.go and root_bsd.go, read 2026-11-21).
BUNDLES: Final = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
)


class CABundle(NamedTuple):
    """A file of certificates, a folder of hashed ones, or neither: then libcurl's own choice."""

    file: str | None = None
    folder: str | None = None


def find_ca_bundle(
    environ: Mapping[str, str] = os.environ, bundles: tuple[str, ...] = BUNDLES
) -> CABundle:
    """What `SSL_CERT_FILE` or `SSL_CERT_DIR` name, else the system's bundle, else certifi's."""
    file, folder = environ.get("SSL_CERT_FILE"), environ.get("SSL_CERT_DIR")
    if file or folder:
        return CABundle(file, None if file else folder)
    found = next((bundle for bundle in bundles if Path(bundle).is_file()), None)
    return CABundle(found or _certifi())


def _certifi() -> str | None:
    try:
        import certifi
    except ImportError:
        return None
    return certifi.where()
