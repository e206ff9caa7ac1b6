"""The path below which browsers find the collector, such as `/stats` behind a proxy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from footfall.common.path_prefix import normalized_path

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

__all__ = ["RootPath", "normalized_root_path", "route_path"]

# How the collector's own paths begin; below such a root path, `/api/event` would mean two things.
_OWN: Final = frozenset(
    {"api", "backend", "events", "figures", "live", "log", "metrics", "now", "share", "shared"}
    | {"static", "v1"}
)


def normalized_root_path(text: str) -> str:
    """The root path of a collector, as `normalized_path` returns it.

    Raises:
        ValueError: It is no such path, or one of the collector's own; the text is the remedy.
    """
    path = normalized_path(text)
    first = path.partition("/")[2].partition("/")[0]
    if first.lower() in _OWN:
        raise ValueError(f"/{first} is a path of the collector's own; choose another")
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
