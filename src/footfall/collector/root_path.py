"""The path below which browsers find the collector, such as `/stats` behind a proxy."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

__all__ = ["RootPath", "normalized_root_path", "route_path"]

_PATH: Final = re.compile(r"(?:/[A-Za-z0-9._~-]+)*")
# How the collector's own paths begin; below such a root path, `/api/event` would mean two things.
_OWN: Final = frozenset({"api", "backend", "events", "live", "log", "share", "static", "v1"})


def normalized_root_path(text: str) -> str:
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
    if len(segments) > 1 and segments[1].lower() in _OWN:
        raise ValueError(f"/{segments[1]} is a path of the collector's own; choose another")
    return path


def route_path(scope: Scope) -> str:
    """The path below the one at which the app is mounted."""
    path: str = scope["path"]
    root: str = scope.get("root_path", "")
    # Of servers, some put the root path before the path and some do not.
    return path[len(root) :] if root and f"{path}/".startswith(f"{root}/") else path


class RootPath:
    """ASGI middleware that gives every request its root path.

    A proxy may strip the root path or pass it on; both work.

    Args:
        app: The collector.
        root_path: As `normalized_root_path` returns it. Where it is empty, the app is where the
            server or the app around it says, in the scope's `root_path`.
    """

    def __init__(self, app: ASGIApp, root_path: str = "") -> None:
        self._app = app
        self._root = root_path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            root = self._root or scope.get("root_path", "")
            path = route_path(scope)
            if self._root:
                path = route_path({"path": path, "root_path": self._root})
            scope = {**scope, "root_path": root, "path": root + (path or "/")}
        await self._app(scope, receive, send)
