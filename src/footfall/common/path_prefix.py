"""The path below which something is served, such as `/stats`."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["is_below", "normalized_path", "path_below_root"]

_PATH: Final = re.compile(r"(?:/[A-Za-z0-9._~-]+)*")


def normalized_path(text: str) -> str:
    """The path with one slash at its beginning and none at its end; empty for the root of a host.

    Raises:
        ValueError: It is no such path; the text is the remedy.
    """
    path = text.strip().strip("/")
    path = f"/{path}" if path else ""
    if "://" in text:
        raise ValueError("write the path alone, such as /stats")
    segments = path.split("/")
    if not _PATH.fullmatch(path) or "." in segments or ".." in segments:
        raise ValueError("write a path such as /stats, of letters, digits and - . _ ~")
    return path


def is_below(path: str, prefix: str) -> bool:
    """Whether a path is the prefix itself, or one below it."""
    return path.startswith(prefix) and path[len(prefix) : len(prefix) + 1] in ("", "/")


def path_below_root(path: str, root: str) -> str:
    """The path below the mount point of an ASGI app, which some servers leave out of it."""
    root = root.rstrip("/")
    return path[len(root) :] if f"{path}/".startswith(f"{root}/") else path
