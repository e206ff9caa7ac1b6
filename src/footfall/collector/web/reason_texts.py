"""The inspector's texts for a hit's status: its name, the reason for it, and what would change it.

A hit is tracked; or untracked, for the middleware's reason; or dropped, for the vendor's reason.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal, NamedTuple, TypeAlias

from footfall.client_ip.misconfiguration import NO_CLIENT_IP_REMEDY
from footfall.common.internal_host import is_internal
from footfall.model import Step
from footfall.rules.bot_detection import classify
from footfall.rules.pageview import HOST_REMEDY, LOCALHOST_REMEDY, REASONS

HitStatus: TypeAlias = Literal["tracked", "untracked", "dropped"]

STATUS_NAMES: Final[dict[HitStatus, str]] = {
    "tracked": "Counted",
    "untracked": "Not counted",
    "dropped": "Dropped",
}
"""The name of each status on the page."""


class ReasonText(NamedTuple):
    """A status, and sentences for its reason and for what would change it; either may be empty."""

    status: HitStatus
    reason: str
    why: str
    remedy: str

    @property
    def title(self) -> str:
        return STATUS_NAMES[self.status]


def of_hit(reason: str) -> ReasonText:
    """The texts for a hit that the middleware did not send."""
    why = REASONS.get(reason) or _LATER_REASONS.get(reason, "")
    return ReasonText("untracked", reason, why, REMEDIES.get(reason, ""))


def of_event(
    drop_reason: str | None, decision_reason: str | None, host: str | None = None
) -> ReasonText:
    """The texts for a received event.

    Args:
        drop_reason: Why the vendor would drop it, in the vendor's word; None where it would not.
        decision_reason: Why the middleware sent it; None where something else sent it.
        host: That of the page.
    """
    if drop_reason:
        return ReasonText("dropped", drop_reason, *_DROPPED.get(drop_reason, ("", "")))
    why = REASONS.get(decision_reason or "", "")
    if decision_reason and host and is_internal(host):
        return ReasonText("tracked", decision_reason, f"{why} {_INTERNAL_HOST}", HOST_REMEDY)
    return ReasonText("tracked", decision_reason or "", why, "")


def cause_of(reason: str, user_agent: str, steps: Sequence[Step] = ()) -> str:
    """What led to a reason in this case, such as the name of a bot; empty where it says no more."""
    if reason == "bot" and (bot := classify(user_agent)) and bot.name:
        return bot.name
    return steps[-1].saw if steps and steps[-1].saw != reason else ""


_INTERNAL_HOST: Final = (
    "Only a private network knows its host: if visitors know the site by another, the figures are "
    "another site's."
)

_LATER_REASONS: Final = {
    "excluded_ip": "`exclude_ips` has the visitor's address.",
    "sampled_out": "The visitor is not among the share that `sample_rate` keeps.",
    "over_budget": "The budget of events does not reach for all visitors.",
    "no_client_ip": "Nobody can know the visitor's address.",
    "should_track": "Your `should_track` said no.",
    "before_send": "Your `before_send` dropped the event.",
}

REMEDIES: Final = {
    "ignored": "Take away `ignore()`, `@ignore_view` or the mark that this request got.",
    "websocket": "Nothing: no page is opened by it. For an event, call `track()` with a token.",
    "method": "Nothing, as a rule. For a form that was sent, call `track()` in the view.",
    "localhost": LOCALHOST_REMEDY,
    "prefetch": 'Set `prefetch="refuse"`, and the browser asks again on the click; or `"count"`.',
    "no_user_agent": 'Set `bots="count"`.',
    "bot": 'Set `bots="count"` or `bots="event"`; for one that is a person, give an `is_bot`.',
    "excluded": "Change `exclude`, `include` or `default_exclude`; a `!` pattern re-includes.",
    "dnt": "Set `respect_dnt=False`.",
    "gpc": "Set `respect_gpc=False`.",
    "spam_referrer": "Set `skip_spam_referrers=False`.",
    "fragment": "Nothing, as a rule: the page around it counts. `HX-Push-Url` makes it a visit.",
    "xhr": "Nothing, as a rule. If it is worth an event, call `track()` in the view.",
    "fetch": "Nothing, as a rule. If it is worth an event, call `track()` in the view.",
    "iframe": "Set `track_iframes=True`.",
    "subresource": "Nothing: the page around it counts.",
    "not_navigation": "Look for a proxy that removes `Sec-Fetch-Dest` or changes `Accept`.",
    "download": "Set `track_downloads=True`, or add the ending to `download_extensions`.",
    "well_known": "Nothing: no person asked for it.",
    "static_file": "Nothing: the page around it counts.",
    "not_found": "Set `track_404=True`: a missing page that is HTML is then an event `404`.",
    "not_modified": "Nothing: it is no page.",
    "redirect": "Nothing: the page that it leads to counts.",
    "error": "Nothing here; the app's log knows more.",
    "no_content": "Nothing, as a rule. If it is worth an event, call `track()` in the view.",
    "partial": "Nothing: the first part counts.",
    "not_html": "If people look at it, answer with `Content-Type: text/html`.",
    "excluded_ip": "Change `exclude_ips`.",
    "sampled_out": "Raise `sample_rate`.",
    "over_budget": "Raise `max_events_per_day` or `max_events_per_month`.",
    "no_client_ip": NO_CLIENT_IP_REMEDY,
    "should_track": "Change your function `should_track`.",
    "before_send": "Change your function `before_send`.",
}
"""What would make a hit count, by the reason why it does not."""

_DROPPED: Final = {
    "not_found": (
        "This domain was not declared.",
        "Add it with `--domain`, or correct the sender.",
    ),
    "bot": (
        "The User-Agent is a bot's.",
        "If it was the visitor's own, the vendor would drop the event too.",
    ),
    "dc_ip": (
        "`X-Plausible-IP-Type` says that the address is a data centre's.",
        "Look at the address below: it should be the visitor's, not a server's.",
    ),
    "threat_ip": (
        "`X-Plausible-IP-Type` says that the address is known for attacks.",
        "Look at the address below: it should be the visitor's, not a server's.",
    ),
    "no_session_for_engagement": (
        "Engagement needs a pageview of the same visitor before it.",
        "Send the pageview first, with the same address and User-Agent.",
    ),
}
