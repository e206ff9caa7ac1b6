"""The id of an event, for vendors that recognise by it an event which arrives twice."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from footfall.common import float_text
from footfall.destinations import _wire_format

if TYPE_CHECKING:
    from footfall.model import Event

_VERSION_8 = 0x80
_VARIANT = 0x80


def event_id(event: Event, who: object = None) -> str:
    """A UUID (RFC 9562, version 8) that is the same whenever the same event is sent.

    It is a hash of the event, with its time to less than a microsecond. The address is not in it:
    whoever has the rest of the event could try all addresses there are until the hash fits.

    Args:
        event: The event.
        who: What tells its visitor from another one with the same browser, where the vendor does
            not compare that itself.
    """
    facts = [
        who,
        event.time,
        event.name,
        event.url,
        event.referrer,
        event.previous,
        event.visitor.user_agent,
        event.visitor.language,
        event.profile_id,
        # As text: an event that comes out of an outbox has another type for a decimal.
        [*_wire_format.prop_texts(event.props, float_text.javascript)] if event.props else None,
        [event.revenue.currency, str(event.revenue.amount)] if event.revenue else None,
    ]
    text = repr(facts).encode("utf-8", "surrogatepass")
    digest = bytearray(hashlib.sha256(text).digest()[:16])
    digest[6] = digest[6] & 0x0F | _VERSION_8
    digest[8] = digest[8] & 0x3F | _VARIANT
    digits = digest.hex()
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
