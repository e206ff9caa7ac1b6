"""How long the texts of an event and the parts of a request may be, and whose limit each is.

Plausible's limits are those of its request.ex and endpoint.ex, Swetrix's those of its DTOs (read
2026-11): what is longer is refused as they refuse it. Where a vendor has no limit the one here is
our own, and a text is cut to it before anything else reads it. A character takes 1 to 4 bytes.
"""

from __future__ import annotations

from typing import Final

# -- bodies, in bytes -------------------------------------------------------------------------

PLAUSIBLE_BODY: Final = 1_000_000
"""Plausible's limit for a text/plain body, answered 400. Ours for JSON, answered 413 as Plausible
answers 8,000,000 bytes: reading that much stops the event loop for a second."""

PLAUSIBLE_FORM: Final = 256_000
"""Ours, answered 413. The longest valid event fits in, with every byte percent-encoded; decoding
takes eighty times its memory. Trackers send no forms."""

SWETRIX_BODY: Final = 100 * 1024
"""The community edition's limit, before and after decompression; more is answered 413."""

REPORT_BODY: Final = 256_000
"""Ours: three times the longest report that the middleware makes; more is answered 413."""

BATCH_BODY: Final = 1_000_000
"""Ours: the longest body of several events; more is answered 413."""

BATCH_ITEMS: Final = 1_000
"""Ours, of one body; more are answered 413. Each counts for the sites that it names, and once there
are so many events, further items of the body are answered 413."""

API_BODY: Final = 1_000_000
"""Ours, for a request to Plausible's APIs. A query with many filters takes some kilobytes."""

BODIES_IN_FLIGHT: Final = 32_000_000
"""Ours: of all requests that are being read or answered, but for `SMALL_BODY` of each. More are
answered 503."""

SMALL_BODY: Final = 16 * 1024
"""Ours: so much of each body is always taken. An event, and most of the batches that the middleware
sends, fits in, so that few senders of long bodies keep no event out."""

FORM_FIELDS: Final = 1_000
"""Ours, of one body."""

JSON_DEPTH: Final = 100
"""Ours. The body of an event has two levels."""

STORED_BODY: Final = SMALL_BODY
"""Ours: an event with a longer body counts, and the body is not kept. It is ten times what the
middleware posts."""

# -- the head of a request --------------------------------------------------------------------

HEADERS: Final = 100
"""Ours. Browsers send twenty, and proxies add ten."""

HEADER_BYTES: Final = 16 * 1024
"""Ours: all names and values together, more is answered 431. Node's servers have the same limit,
and so Swetrix."""

TARGET_BYTES: Final = 16 * 1024
"""Ours: path and query, more is answered 414. Nginx and Node refuse 16 KiB, too."""

HEADER_VALUE: Final = 2_048
"""Ours, in characters, of a header in a report."""

# -- the fields of an event -------------------------------------------------------------------

PLAUSIBLE_NAME: Final = 120
"""Plausible's limit of a name in graphemes, here characters without combining marks."""

PLAUSIBLE_NAME_CHARS: Final = 1_000
"""Ours, with combining marks: nobody stacks more than eight on each letter."""

SWETRIX_NAME: Final = 256
"""Swetrix's, in characters."""

DOMAIN: Final = 255
"""The most characters with which Plausible registers a site; so longer ones do not exist."""

DOMAINS: Final = 100
"""Ours: one request must not become a million events."""

URL_BYTES: Final = 2_000
"""Plausible's. Hostname, path and campaign of an event are parts of the URL."""

REFERRER: Final = 2_000
"""Plausible's, in characters; it cuts what is longer."""

SWETRIX_TEXT_BYTES: Final = 2_000
"""Ours, for the fields that Swetrix leaves unbounded: page, referrer and the five of the campaign.
The middleware sends at most 2,000 characters, of which nearly all are ASCII."""

HOSTNAME: Final = 253
"""DNS has no longer name (RFC 1035, section 2.3.4)."""

USER_AGENT: Final = 2_048
"""Ours, in characters. In-app browsers send 600, and the middleware at most this many."""

ADDRESS: Final = 64
"""Ours, in characters. Plausible takes for an address whatever a header holds; the longest one,
with its zone and port, fits in."""

PLAUSIBLE_PROPS: Final = 30
PLAUSIBLE_KEY_BYTES: Final = 300
PLAUSIBLE_VALUE_BYTES: Final = 2_000
SWETRIX_META_KEYS: Final = 100
SWETRIX_META_UNITS: Final = 2_000
"""Swetrix's, in UTF-16 units: keys and values together."""

SWETRIX_PROFILE: Final = 256
SWETRIX_QUERY: Final = 2_048

AMOUNT_CHARS: Final = 40
"""Ours: a longer amount of money is ignored, as Plausible ignores what is no number."""

AMOUNT_DIGITS: Final = 15
"""Ours: the digits before the decimal point. Nothing costs a thousand trillion."""

# -- the parts of a report --------------------------------------------------------------------

REPORT_TEXT: Final = 2_048
"""Ours, in characters. So are the next two."""
REPORT_STEPS: Final = 40
REPORT_HOPS: Final = 40
