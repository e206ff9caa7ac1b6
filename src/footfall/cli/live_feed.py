"""What a collector sees, line by line as it arrives: events, and hits that do not count."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from footfall.common.printable import escaped
from footfall.rules.pageview import REASONS

if TYPE_CHECKING:
    import httpx2

VERSION: Final = 1
"""The version of an entry; docs/schemas/tail.json describes it."""

POLL_SECONDS: Final = 0.5
"""How often a feed asks for what is new: a person waits for it."""

# A page has dozens.
PARTS_OF_PAGES: Final = frozenset({"subresource"})
"""The reasons of requests for the parts of pages."""

# Of events and of hits that do not count.
_KINDS: Final = ("events", "hits")


class LiveFeed:
    """Reads what is new in a collector.

    Args:
        client: Asks the collector.
        shows_all: Whether requests for the parts of pages are in it: style sheets, images.
    """

    def __init__(self, client: httpx2.Client, *, shows_all: bool = False) -> None:
        self._client = client
        self._hidden = frozenset() if shows_all else PARTS_OF_PAGES
        self._last = dict.fromkeys(_KINDS, 0)
        self.has_seen_any = False
        """Whether the collector has seen anything, shown or not."""

    def new(self) -> list[dict[str, Any]]:
        """What came since the last call, oldest first.

        Raises:
            httpx2.HTTPError: the collector does not answer, or refuses.
        """
        found = [entry for kind in _KINDS for entry in self._read(kind)]
        self.has_seen_any = self.has_seen_any or bool(found)
        return sorted(
            (entry for entry in found if entry["reason"] not in self._hidden),
            key=lambda entry: str(entry["at"]),
        )

    def _read(self, kind: str) -> Iterator[dict[str, Any]]:
        response = self._client.get(f"/api/v1/{kind}", params={"after": self._last[kind]})
        for found in response.raise_for_status().json()[kind]:
            self._last[kind] = max(self._last[kind], found["id"])
            yield entry_of(found, is_event=kind == "events")


def entry_of(found: Mapping[str, Any], *, is_event: bool) -> dict[str, Any]:
    """What a feed has of an event, or of a hit that does not count, in the collector's JSON."""
    return {
        "version": VERSION,
        "at": found["received_at"],
        # A collector that plays a vendor drops events, too.
        "counted": is_event and found["status"] == "accepted",
        "reason": found["reason"],
        "domain": found["domain"],
        "name": found["name"],
        "url": found["url"],
        "path": found["path"],
        "method": found.get("method"),
        "status": found.get("status") if not is_event else None,
        "referrer": found.get("referrer"),
        "props": found.get("props", {}),
    }


def as_line(entry: Mapping[str, Any]) -> str:
    """An entry for a person: when, whether it counts, what, where, and why not."""
    extras = [
        *(f"{name}={value}" for name, value in entry["props"].items()),
        *([f"from {entry['referrer']}"] if entry["referrer"] else []),
    ]
    if entry["counted"]:
        what = entry["name"]
    else:
        what = f"{entry['method'] or entry['name']} {entry['status'] or ''}".rstrip()
        extras.insert(0, f"not counted: {entry['reason']}")
    at = str(entry["at"])[11:19]
    return escaped(f"{at}  {what:<14} {entry['path'] or '':<20} {'  '.join(extras)}").rstrip()


class Lines:
    """Entries as lines; the first of each reason says what that means."""

    def __init__(self) -> None:
        self._explained: set[str] = set()

    def line_of(self, entry: Mapping[str, Any]) -> str:
        """An entry for a person."""
        line, reason = as_line(entry), entry["reason"]
        if entry["counted"] or reason in self._explained or reason not in REASONS:
            return line
        self._explained.add(reason)
        return f"{line}  ({REASONS[reason]})"


def collector_client(url: str, token: str | None) -> httpx2.Client:
    """A client for the collector at `url`."""
    import httpx2

    headers = {"authorization": f"Bearer {token}"} if token else {}
    return httpx2.Client(base_url=url, headers=headers, timeout=10.0)


def newest(entries: Iterable[dict[str, Any]], number: int) -> list[dict[str, Any]]:
    """The last entries, oldest first."""
    found = [*entries]
    return found[max(0, len(found) - number) :]
