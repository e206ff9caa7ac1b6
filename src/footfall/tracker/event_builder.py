"""From a hit, or from what a view told, to the event that is sent; or to the reason why not.

Decisions, URLs, visitors and the owner's hooks come together here, on the delivery side. No thread,
no socket, no queue: an `EventBuilder` is as good in a test or on a command line as in a server.
"""

from __future__ import annotations

from dataclasses import replace
from hashlib import blake2b
from typing import Final, NamedTuple
from urllib.parse import quote, unquote

from footfall.client_ip import MisconfigurationDetector, anonymize
from footfall.common.log import ThrottledLog
from footfall.config import Config
from footfall.delivery.transport import MARKER_HEADER
from footfall.destinations import VISITOR_HEADERS, check_event_name
from footfall.events.details import Details, details_from_hints, valid_details
from footfall.events.hit_report import HitReport
from footfall.model import PAGEVIEW, Decision, Event, Hit, Visitor
from footfall.request.record import CustomEvent, Record, hit_of
from footfall.rules import pageview, url
from footfall.rules.path_rules import DEFAULT_EXCLUDE
from footfall.rules.url import UNKNOWN_HOST
from footfall.tracker import test_mode

# What waits for a vendor that is down must be small; no browser sends as much.
_MAX_USER_AGENT: Final = 2048
_MAX_HEADER: Final = 512


class BuildResult(NamedTuple):
    """The one-word reason, and the event to send; None where there is nothing to send.

    `decision` is there for a hit that was decided upon, `draft` for an event that was made, sent or
    not.
    """

    reason: str
    event: Event | None = None
    decision: Decision | None = None
    draft: Event | None = None


class EventBuilder:
    """Judges hits and told events by the owner's settings.

    Args:
        config: The checked settings.
        log: Where the owner is told, once, of what cannot be right.
    """

    def __init__(self, config: Config, log: ThrottledLog) -> None:
        self._config = config
        self._log = log
        self._watch = MisconfigurationDetector(config.resolver)
        self._decider = pageview.DecisionCache(
            config.pageview_options, reads_paths_alone=config.path_rules.reads_paths_alone
        )

    def of_hit(self, hit: Hit, *, is_aloud: bool = False) -> BuildResult:
        """Whether a hit counts, and its event; the decision has its steps where `is_aloud`."""
        hit = _with_browser_defaults(hit)
        if self._config.should_track is not None and not self._config.should_track(hit):
            return BuildResult("should_track")
        base = self._base_of(hit)
        seen = self._host_seen(hit, base)
        if is_aloud:
            decision = pageview.decide(_at(seen, hit), self._config.pageview_options)
        else:
            decision = self._decider.decide(hit, seen)
        if decision.reason == "prefetch" and (hint := pageview.prefetch_hint(hit)):
            self._log.warn_once("prefetch", f"footfall: {hint}")
        if not decision.is_counted:
            return BuildResult(decision.reason, None, decision)
        event = self._event_for(hit, decision, base)
        return self._judgement(hit, decision.reason, event, decision)

    def _base_of(self, hit: Hit) -> str:
        """Scheme and host of the site as its visitors know it."""
        config = self._config
        is_trusted = config.resolver.trusts(hit.peer)
        return url.public_origin(hit, is_trusted=is_trusted, options=config.url_options)

    def _host_seen(self, hit: Hit, base: str) -> str:
        """The host that visitors see, where it is known: behind a proxy the app's may be local."""
        if test_mode.is_on() and self._is_local_rehearsal(hit):
            return UNKNOWN_HOST
        host = base[base.index("://") + 3 :]
        return hit.host if host == UNKNOWN_HOST else host

    def _is_local_rehearsal(self, hit: Hit) -> bool:
        """True where a test's client asks, and nobody has said that localhost does not count."""
        return test_mode.is_of_test_client(hit) and self._config.track_localhost is None

    def _event_for(self, hit: Hit, decision: Decision, base: str) -> Event:
        page, referral = self._where(hit, base, pageview.pushed_url(hit) or _renamed(hit))
        visitor = self.visitor_of(hit)
        if decision.name == pageview.BOT_VISIT:
            # Vendors drop what a bot's user agent sends; the props tell which bot it was.
            visitor = replace(visitor, user_agent="")
        props = {**decision.props, **hit.props}
        if decision.name == pageview.DOWNLOAD:
            # One file is one row, whatever link led to it; vendors' scripts drop the query, too.
            props["url"] = url.without_campaign(page)
        elif decision.name == pageview.NOT_FOUND and "path" not in hit.props:
            # Decoded, as Plausible's own server fills it in; and no more of it than the URL tells.
            props["path"] = unquote(_path_of(page))
        return Event(
            name=decision.name,
            url=page,
            referrer=referral.referrer,
            previous=referral.previous,
            visitor=visitor,
            props=props,
            interactive=decision.name != pageview.BOT_VISIT,
            time=hit.time,
            **_details_of(hit),
        )

    def from_custom_event(self, told: CustomEvent, offset: float) -> BuildResult:
        """Whether what a view told may be sent, and its event."""
        hit = _with_browser_defaults(hit_of(told.record, offset)) if told.record else None
        if hit is not None and MARKER_HEADER in hit.headers:
            return BuildResult("echo")
        # A webhook tells of somebody else than who sent the request.
        is_told_of = hit if told.visitor is None else None
        base = self._base_of(hit) if hit is not None else ""
        looker = _looker(told)
        if is_told_of is not None:
            looker = _at(self._host_seen(is_told_of, base), is_told_of)
        decision = None
        if looker is not None:
            decision = pageview.decide_custom_event(looker, self._config.pageview_options)
            if not decision.is_counted:
                return BuildResult(decision.reason, None, decision)
        page = url.scrub_url(told.url, self._config.url_options) if told.url else ""
        referral = url.Referral()
        if hit is not None:
            # A relative URL is one of this site's.
            here, came_from = self._where(hit, base, told.url if not page else None)
            page = page or here
            referral = came_from if is_told_of is not None else referral
        if told.name == PAGEVIEW:
            # Judged by its own path: the request that told of it is no page.
            if self._is_excluded(hit or _NOWHERE, _path_of(page)):
                return BuildResult("excluded")
            referral = self._told_referral(told, hit or _NOWHERE, page, referral)
        visitor = self._told_visitor(told.visitor) or (self.visitor_of(hit) if hit else Visitor())
        said: Details = {**(_details_of(is_told_of) if is_told_of else {}), **told.details}
        event = Event(
            name=told.name,
            url=page,
            referrer=referral.referrer,
            previous=referral.previous,
            visitor=visitor,
            props=told.props,
            revenue=told.revenue,
            interactive=told.interactive,
            time=told.at + offset,
            **said,
        )
        return self._judgement(is_told_of, "custom_event", event, decision)

    def report(
        self, record: Record | CustomEvent, judgement: BuildResult, offset: float, decided_at: float
    ) -> HitReport | None:
        """All that was thought about a record, for a destination that wants to see it.

        None for what was told outside a request and kept back before there was an event.
        """
        told = record if isinstance(record, CustomEvent) else None
        taken = record.record if isinstance(record, CustomEvent) else record
        hit = hit_of(taken, offset) if taken is not None else None
        event = judgement.event or judgement.draft
        if event is None:
            if hit is None:
                return None
            event = self._would_be(hit, told)
        # A webhook tells of somebody else than who sent the request.
        is_of_hit = told is None or told.visitor is None
        return HitReport(
            event=event,
            is_tracked=judgement.event is not None,
            reason=judgement.reason,
            hit=hit,
            decision=judgement.decision,
            trace=self._config.resolver.trace(hit.peer, hit.headers) if hit and is_of_hit else None,
            decided_at=decided_at,
        )

    def _would_be(self, hit: Hit, told: CustomEvent | None) -> Event:
        """The event that was not made, as it would be sent."""
        base = self._base_of(hit)
        event = self._event_for(hit, _A_PAGE, base)
        rule = self._config.path_rules.excluded_by(hit) or ""
        if rule in _SECRET_PATHS:
            # The pattern stands for the path, in which the secret is.
            event = replace(event, url=base + rule.removeprefix("exclude "))
        return replace(event, name=told.name, props=told.props) if told else event

    def _told_referral(
        self, told: CustomEvent, hit: Hit, page: str, of_request: url.Referral
    ) -> url.Referral:
        if told.referrer is not None:
            return self._referral(replace(hit, headers={"referer": told.referrer}), page)
        # A script asks from the very page it tells of, once the address has changed.
        return url.Referral() if of_request.previous == _path_of(page) else of_request

    def _told_visitor(self, visitor: Visitor | None) -> Visitor | None:
        if visitor is None or not visitor.client_ip or not self._config.anonymize_ip:
            return visitor
        return replace(visitor, client_ip=anonymize(visitor.client_ip))

    def _where(self, hit: Hit, base: str, pushed: str | None) -> tuple[str, url.Referral]:
        page = url.page_url_at(base, hit, self._config.url_options, pushed)
        return page, self._referral(hit, page)

    def _referral(self, hit: Hit, page: str) -> url.Referral:
        referral = url.referrer_of(hit, page=page, options=self._config.url_options)
        is_hidden = referral.previous is not None and self._is_excluded(hit, referral.previous)
        return url.Referral() if is_hidden else referral

    def _is_excluded(self, hit: Hit, path: str) -> bool:
        """Whether the page that led here is one that must not be told of either."""
        return self._config.path_rules.excluded_by(hit, unquote(path)) is not None

    def visitor_of(self, hit: Hit) -> Visitor:
        """Who made this hit: the resolved address, and the browser's own words."""
        hit = _with_browser_defaults(hit)
        address = self._config.resolver.resolve(hit.peer, hit.headers)
        if address is None and test_mode.is_on() and test_mode.is_of_test_client(hit):
            # No proxy stands in front of a test client to set the header that the settings name.
            address = test_mode.PEER
        if address and self._config.anonymize_ip:
            address = anonymize(address)
        headers = hit.headers
        return Visitor(
            client_ip=address,
            user_agent=headers.get("user-agent", "")[:_MAX_USER_AGENT],
            language=headers.get("accept-language", "")[:_MAX_HEADER],
            headers={
                name: headers[name][:_MAX_HEADER] for name in _VISITOR_HEADERS if name in headers
            },
        )

    def _judgement(
        self, hit: Hit | None, reason: str, event: Event, decision: Decision | None
    ) -> BuildResult:
        """The last words before sending: an address there must be, and the owner may object."""
        config, visitor = self._config, event.visitor
        if visitor.client_ip is None:
            self._log.warn_once("no_client_ip", _NO_CLIENT_IP)
            return BuildResult("no_client_ip", None, decision, event)
        if hit is not None:
            warning = self._watch.observe(visitor.client_ip, visitor.user_agent, hit.headers)
            if warning:
                self._log.warn_once(f"watch:{warning}", f"footfall: {warning}")
        if config.sample_rate < 1.0 and not _is_sampled(visitor, config.sample_rate):
            return BuildResult("sampled_out", None, decision, event)
        if config.before_send is None:
            return BuildResult(reason, event, decision, event)
        allowed = config.before_send(event)
        if allowed is None:
            return BuildResult("before_send", None, decision, event)
        check_event_name(allowed.name)
        return BuildResult(reason, allowed, decision, event)


# In one order, and gone through without making a set.
_VISITOR_HEADERS: Final = tuple(sorted(VISITOR_HEADERS))

_A_PAGE: Final = Decision(kind="pageview", reason="", name=PAGEVIEW)
_SECRET_PATHS: Final = frozenset(f"exclude {pattern}" for pattern in DEFAULT_EXCLUDE)

_NO_CLIENT_IP: Final = (
    "footfall: a hit without a client IP was not counted. The server names no peer, as behind a "
    "unix socket without X-Forwarded-For; let the proxy set that header, or give client_ip_header="
)


def _with_browser_defaults(hit: Hit) -> Hit:
    """The hit, in a browser's clothes where a test looks and its client made it."""
    return test_mode.with_browser_defaults(hit) if test_mode.is_on() else hit


def _at(host: str, hit: Hit) -> Hit:
    return hit if host == hit.host else replace(hit, host=host)


# What stands for the request where there was none.
_NOWHERE: Final = Hit()


def _looker(told: CustomEvent) -> Hit | None:
    """Who looked at a page told of with a token, as far as that says; a bot is none.

    Other events are the app's own word, whoever they are about.
    """
    if told.name != PAGEVIEW or told.visitor is None or not told.visitor.user_agent:
        return None
    return Hit(host=UNKNOWN_HOST, headers={"user-agent": told.visitor.user_agent})


def _path_of(page: str) -> str:
    """The path of a URL that has been scrubbed."""
    return "/" + page.partition("?")[0].partition("://")[2].partition("/")[2]


def _renamed(hit: Hit) -> str | None:
    """The path that the app gave the page, with the query that the visitor came with."""
    return f"{quote(hit.shown_path, errors='replace')}?{hit.query}" if hit.shown_path else None


def _details_of(hit: Hit) -> Details:
    """What the app's mark says of the visitor, and what client hints do."""
    details = details_from_hints(hit.headers)
    return {**details, **valid_details(hit.details)} if hit.details else details


def _is_sampled(visitor: Visitor, rate: float) -> bool:
    """Whether this visitor is among the share that is kept: the same answer for all their hits."""
    who = f"{visitor.client_ip}\n{visitor.user_agent}".encode("utf-8", "replace")
    # Keyed, so that the choice follows no other use of the same hash.
    digest = blake2b(who, digest_size=8, key=b"footfall sample").digest()
    return int.from_bytes(digest, "big") < rate * 2**64
