"""The ways in which a page can appear, and who counts it: the table of `docs/complement.md`.

The response to a request carries a stamp: the server's time in milliseconds. The script knows the
stamp of the page that is shown and the page's age, the time since its navigation began. Both are
taken from one clock each, so the visitor's clock may be wrong: a page whose stamp was made before
its navigation began is a copy, which the server has not counted.

Three stamps say more. `NOT_COUNTED` is that of a response which the server did not count though its
showing is one: a page that was fetched ahead, and the answer to a POST. `COUNTED_AHEAD` is added to
the time of a page which counted when it was fetched ahead. `NEVER_COUNTED` is added to that of one
which a library asked for, and which is none that counts. So no two responses to a library have one
stamp, by which the script tells them apart. A page without a stamp is none of whose showings count,
or one of which the browser tells nothing: the script is silent there.
"""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

__all__ = [
    "COUNTED_AHEAD",
    "NEVER_COUNTED",
    "NOT_COUNTED",
    "OLD_MS",
    "WAYS",
    "Way",
    "is_counted_by_server",
]

NOT_COUNTED: Final = 0
COUNTED_AHEAD: Final = 9_000_000_000_000_000
NEVER_COUNTED: Final = 8_000_000_000_000_000

OLD_MS: Final = 60_000
"""A page that came over the network is a copy, of a CDN for instance, if its stamp is older than
the navigation by more than this: more than a report takes to arrive, even on a bad line."""


class Way(NamedTuple):
    """A way in which a page appears.

    Attributes:
        name: What it is called in the documents.
        counted_by: Who counts it.
        sign: How the script, or the server, knows.
        report: The word by which a report names it; empty where there is none.
    """

    name: str
    counted_by: Literal["server", "complement", "nobody"]
    sign: str
    report: str = ""


WAYS: Final = (
    Way("from the network, reload", "server", "the stamp is younger than the navigation"),
    Way("304 after revalidation", "server", "the 304 has a stamp of its own"),
    Way("service worker passes the request on", "server", "as from the network"),
    Way("service worker's navigation preload", "server", "as from the network"),
    Way("HTTP cache, on Back or by a link", "complement", "nothing was transferred", "cache"),
    Way("service worker answers from its cache", "complement", "nothing was transferred", "cache"),
    Way("back-forward cache", "complement", "`pageshow.persisted`", "bfcache"),
    Way("a CDN's copy", "complement", "the stamp is a minute older than the navigation", "old"),
    Way(
        'prefetched, then opened, with `prefetch="skip"`',
        "complement",
        "the stamp says that nobody counted it",
        "old",
    ),
    Way(
        'prerendered, then activated, with `prefetch="skip"`',
        "complement",
        "the same, reported on `prerenderingchange`",
        "cache",
    ),
    Way('prefetched or prerendered, with `prefetch="count"`', "server", "the stamp says so"),
    Way('prefetched, with `prefetch="refuse"`', "server", "the click sends a request"),
    Way("page in answer to a POST", "complement", "the stamp says that nobody counted it", "old"),
    Way(
        "`pushState`, Back and Forward between such pages, `navigation.navigate()`",
        "complement",
        "the path changed, and no request for the page was counted",
        "route",
    ),
    Way("`replaceState`", "nobody", "the page stays the same, under another address"),
    Way("another query or fragment of the same path", "nobody", "the path did not change"),
    Way("Turbo visit, page of a Turbo preview", "server", "the stamp of its request"),
    Way("Turbo visit after a prefetch on hover", "complement", "its stamp is 0", "route"),
    Way("Turbo restores its own copy", "complement", "no request was counted", "route"),
    Way("htmx `hx-boost`, `HX-Push-Url`, history request", "server", "the stamp of its request"),
    Way("htmx `hx-push-url`, history from its copy", "complement", "no counted request", "route"),
    Way("page in a frame", "nobody", "no stamp; with `track_iframes` as outside of frames"),
    Way("error page, excluded page, `ignore()`, bot", "nobody", "no stamp"),
    Way("Turbolinks 5 visit", "server", "the stamp of its request"),
    Way("offline, from a service worker's cache", "complement", "reported once online", "cache"),
    Way("download, `about:blank`", "nobody", "there is no script"),
    Way("tab in the background, from the network", "server", "as from the network"),
    Way("tab in the background, from a copy", "complement", "reported once it is shown", "cache"),
    Way("a page of a browser that tells no `serverTiming`", "server", "the script is silent"),
)
"""Every way that is known."""

_UNCONDITIONAL: Final = frozenset({"bfcache", "route"})
_SLACK_MS: Final = {"cache": 0, "old": OLD_MS}


def is_counted_by_server(way: str, stamp: float, age: float, now: float) -> bool:
    """Whether the request for a page that was reported has been counted already.

    Args:
        way: The report's word.
        stamp: The page's.
        age: How long ago its navigation began, in milliseconds.
        now: The server's time in milliseconds.
    """
    if way in _UNCONDITIONAL:
        return False
    # A report takes its time, too, so the navigation began before that, if not then.
    return stamp > now - age - _SLACK_MS[way]
