"""The tag of the script, for the head of a page."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING
from urllib.parse import quote

from footfall.complement.mount import MOUNT
from footfall.complement.script_file import script_file

if TYPE_CHECKING:
    from footfall.tracker import Tracker

__all__ = ["Markup", "tag_of"]


class Markup(str):
    """Text that templates put into a page as it is."""

    __slots__ = ()

    def __html__(self) -> str:
        return str(self)


def tag_of(tracker: Tracker | None, nonce: object = None, mount: str | None = None) -> Markup:
    """The tag; empty where there is no complement, or nothing is counted.

    Args:
        tracker: The one of the request.
        nonce: The one of the page's Content-Security-Policy, if that has one.
        mount: The path below which the app is, where its framework knows it.
    """
    options = None if tracker is None else tracker.config.complement_options
    if options is None or tracker is None or not tracker.is_active:
        return Markup()
    root = quote(MOUNT.get() if mount is None else mount)
    with_nonce = f' nonce="{escape(str(nonce))}"' if nonce else ""
    name = script_file(options.parts).name
    return Markup(f'<script defer src="{root}{options.path}/{name}"{with_nonce}></script>')
