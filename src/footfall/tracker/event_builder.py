"""From a hit or a custom event to the event that is sent, or to the reason why there is none.

Decisions, URLs, visitors and the app's hooks come together here. No thread, no socket, no queue: an
`EventBuilder` works in a test or on a command line as it does in a server.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from hashlib import blake2b
from typing import Final, NamedTuple, TypeAlias
from urllib.parse import quote, unquote

from footfall.client_ip import MisconfigurationDetector, addresses, anonymize
from footfall.common.log import ThrottledLog
from footfall.config import Config
from footfall.delivery.transport import MARKER_HEADER
from footfall.destinations import VISITOR_HEADERS, check_event_name
from footfall.events.details import CheckedDetails, check_details, details_from_hints
from footfall.events.hit_report import HitReport
from footfall.model import ENGAGEMENT, HEARTBEAT, NO_PROPS, PAGEVIEW, Decision, Event, Hit, Visitor
from footfall.rules import pageview, url
from footfall.rules.bot_detection import classify
from footfall.rules.path_rules import DEFAULT_EXCLUDE
from footfall.rules.route_template import is_catch_all, template
from footfall.rules.url import UNKNOWN_HOST
from footfall.tracker import test_mode
from footfall.tracker.budget import EventBudget
from footfall.tracker.custom_event import CustomEvent
from footfall.tracker.internal_host import InternalHostDetector, internal_host_note
from footfall.tracker.uncounted_pages import (
    forward_remedy,
    local_host_warning,
    no_client_ip_warning,
)

# What waits for a vendor that is down must be small; no browser sends as much.
_MAX_USER_AGENT: Final = 2048
_MAX_HEADER: Final = 512


# What is cut before a destination is asked, by the name in `Event.trimmed`.
_CUT_FIELDS: Final = {
    "url": "URL of a page, of more than 2,000 bytes or with a query of more than 8,192,",
    "referrer": "referrer, of more than 2,000 bytes,",
    "user_agent": "User-Agent, of more than 2,048 characters,",
    "language": "Accept-Language, of more than 512 characters,",
    "headers": "client hints, of more than 512 characters,",
}

_Decide: TypeAlias = Callable[[Hit, pageview.PageviewOptions], Decision]


class BuildResult(NamedTuple):
    """The one-word reason, and the event; None where nothing is sent or no decision was made.

    `draft` is the event as it was before the last checks, whether it is sent or not.
    """

    reason: str
    event: Event | None = None
    decision: Decision | None = None
    draft: Event | None = None


class EventBuilder:
    """Builds events from hits and custom events, as the settings say.

    In test mode the caller gives hits that `test_mode.normalise` has returned.

    Args:
        config: The checked settings.
        log: Where it logs, once each, what cannot be right.
        budget: Counts what is sent, and says how many visitors count; None for no budget.
    """

    def __init__(
        self, config: Config, log: ThrottledLog, budget: EventBudget | None = None
    ) -> None:
        self._budget = budget
        self._config = config
        self._log = log
        self._misconfiguration = MisconfigurationDetector(
            config.resolver, forward_remedy=forward_remedy()
        )
        self._internal_host = InternalHostDetector(config, log)
        self._has_noted_local_host = False
        self._decisions = pageview.DecisionCache(
            config.pageview_options,
            reads_paths_alone=config.path_rules.reads_paths_alone
            and (config.api_rules is None or config.api_rules.reads_paths_alone),
        )

    def from_hit(self, hit: Hit) -> BuildResult:
        """Decide whether a hit counts, without the steps, and build its event."""
        if self._config.should_track is not None and not self._config.should_track(hit):
            return BuildResult("should_track")
        origin = self.origin_of(hit)
        host = self._public_host(hit, origin)
        decision = self._decisions.decide(hit, host)
        if decision.reason == "prefetch" and (hint := pageview.prefetch_hint(hit)):
            self._log.warn_once("prefetch", f"footfall: {hint}")
        if not decision.is_counted:
            if decision.reason == "localhost":
                self._note_local_host(hit, host, pageview.decide)
            return BuildResult(decision.reason, None, decision)
        self._note_host(hit, origin)
        event = self._event_for(hit, decision, origin)
        return self._finish(hit, decision.reason, event, decision)

    def from_custom_event(self, hit: Hit | None, custom: CustomEvent, time: float) -> BuildResult:
        """Decide whether an event tracked at `time` (epoch), in the request `hit`, may be sent."""
        if hit is not None and MARKER_HEADER in hit.headers:
            return BuildResult("echo")
        # An event with a visitor of its own, as a webhook tracks it, is not about the requester.
        own_hit = hit if custom.visitor is None else None
        origin = self.origin_of(hit) if hit is not None else ""
        visit = _visit_of(custom)
        if own_hit is not None:
            visit = _at_host(self._public_host(own_hit, origin), own_hit)
        decision = None
        if visit is not None:
            decision = pageview.decide_custom_event(visit, self._config.pageview_options)
            if not decision.is_counted:
                if own_hit is not None and decision.reason == "localhost":
                    self._note_local_host(own_hit, visit.host, pageview.decide_custom_event)
                return BuildResult(decision.reason, None, decision)
        if own_hit is not None:
            self._note_host(own_hit, origin)
        page = url.scrubbed_page(custom.url or "", self._config.url_options)
        referral = url.Referral()
        if hit is not None:
            # A relative URL is one of this site's.
            own_page, own_referral = self._page_of(hit, origin, None if page.url else custom.url)
            page = page if page.url else own_page
            referral = own_referral if own_hit is not None else referral
        if custom.name in (PAGEVIEW, ENGAGEMENT, HEARTBEAT):
            # Decided by its own path: the request in which it was tracked is no page.
            if self._is_excluded(hit or _NO_REQUEST, _path_of(page.url)):
                return BuildResult("excluded")
            referral = self._referral_of_custom(custom, hit or _NO_REQUEST, page.url, referral)
        if custom.visitor is not None:
            visitor, cut = _bounded(self._anonymized(custom.visitor))
        else:
            visitor, cut = self._visitor_and_cuts(hit) if hit else (Visitor(), ())
        of_hit = _details_of(own_hit) if own_hit else _NO_DETAILS
        details = CheckedDetails(
            {**of_hit.details, **custom.details.details}, {**of_hit.faults, **custom.details.faults}
        )
        event = Event(
            name=custom.name,
            url=page.url,
            referrer=referral.referrer,
            previous=referral.previous,
            visitor=visitor,
            props=custom.props,
            revenue=custom.revenue,
            interactive=custom.interactive,
            engagement=custom.engagement,
            time=time,
            trimmed=self._cut_fields(page, referral, cut) + self._lost_details(details.faults),
            **details.details,
        )
        return self._finish(own_hit, custom.reason, event, decision)

    def report(
        self, hit: Hit | None, custom: CustomEvent | None, result: BuildResult, decided_at: float
    ) -> HitReport | None:
        """How a hit or custom event was decided, for a destination that wants reports.

        `decided_at` is in seconds since the epoch.
        None for a custom event outside a request of which no event was built.
        """
        event = result.event or result.draft
        if event is None:
            if hit is None:
                return None
            event = self._unsent_event(hit, custom)
        decision = result.decision
        if hit is not None and custom is None and decision is not None:
            decision = self.decision_with_steps(hit)
        # An event with a visitor of its own is not about the requester.
        is_of_hit = custom is None or custom.visitor is None
        return HitReport(
            event=event,
            is_tracked=result.event is not None,
            reason=result.reason,
            hit=hit,
            decision=decision,
            trace=self._config.resolver.trace(hit.peer, hit.headers) if hit and is_of_hit else None,
            decided_at=decided_at,
        )

    def decision_of(self, hit: Hit) -> Decision:
        """The decision about a hit, without its steps; hooks of the app's are not called."""
        return self._decisions.decide(hit, self._public_host(hit, self.origin_of(hit)))

    def decision_with_steps(self, hit: Hit) -> Decision:
        """The same decision with its steps, which cost time."""
        host = self._public_host(hit, self.origin_of(hit))
        return pageview.decide(_at_host(host, hit), self._config.pageview_options)

    def visitor_of(self, hit: Hit) -> Visitor:
        """The visitor who made this hit: the resolved address, and what the browser sent."""
        return self._visitor_and_cuts(hit)[0]

    def _visitor_and_cuts(self, hit: Hit) -> tuple[Visitor, tuple[str, ...]]:
        """The visitor, and the names of the fields of which a part is left out."""
        address = self._config.resolver.resolve(hit.peer, hit.headers)
        if address is None and test_mode.is_on() and test_mode.is_of_test_client(hit):
            # A test client has no proxy that sets the header which the settings name.
            address = test_mode.PEER
        if address and self._config.anonymize_ip:
            address = anonymize(address)
        headers, shown = hit.headers, {}
        for name in _VISITOR_HEADERS:
            if name in headers:
                shown[name] = headers[name]
        return _bounded(
            Visitor(
                client_ip=address,
                user_agent=headers.get("user-agent", ""),
                language=headers.get("accept-language", ""),
                headers=shown,
            )
        )

    def origin_of(self, hit: Hit) -> str:
        """Scheme and host of the site as its visitors know it."""
        config = self._config
        # Most requests name none, and each visitor is a peer of their own where no proxy is.
        is_trusted = url.names_origin(hit.headers) and config.resolver.trusts(hit.peer)
        return url.public_origin(hit, is_trusted=is_trusted, options=config.url_options)

    def _public_host(self, hit: Hit, origin: str) -> str:
        """The host that visitors see, where it is known: behind a proxy the app's may be local."""
        if test_mode.is_on() and self._may_be_local(hit):
            return UNKNOWN_HOST
        host = origin[origin.index("://") + 3 :]
        return hit.host if host == UNKNOWN_HOST else host

    def _may_be_local(self, hit: Hit) -> bool:
        """True for a test client's hit, unless the settings say that localhost does not count."""
        return test_mode.is_of_test_client(hit) and self._config.track_localhost is None

    def _note_local_host(self, hit: Hit, host: str, decide: _Decide) -> None:
        """Warn once if this hit would count on any other host."""
        if self._has_noted_local_host:
            return
        if decide(_at_host(UNKNOWN_HOST, hit), self._config.pageview_options).is_counted:
            self._has_noted_local_host = True
            self._log.warn_once("localhost", local_host_warning(hit, host, self._config))

    def _note_host(self, hit: Hit, origin: str) -> None:
        if not test_mode.is_on():
            self._internal_host.observe(hit, origin)

    def note_of(self, hit: Hit) -> str:
        """What is suspicious about the host of a hit that counts; empty for nothing."""
        return internal_host_note(hit, self.origin_of(hit), self._config)

    def _event_for(self, hit: Hit, decision: Decision, origin: str) -> Event:
        page, referral = self._page_of(hit, origin, pageview.pushed_url(hit) or _shown_url(hit))
        (visitor, cut), details = self._visitor_and_cuts(hit), _details_of(hit)
        if decision.name == pageview.BOT_VISIT or (
            decision.name in _OF_PROGRAMS and classify(visitor.user_agent) is not None
        ):
            # Vendors drop events with a bot's user agent; the props say which bot it was.
            visitor = replace(visitor, user_agent="")
        props = {**decision.props, **hit.props} if decision.props else {**hit.props}
        if decision.name == pageview.DOWNLOAD:
            # One file is one row, whatever link led to it; vendors' scripts drop the query, too.
            props["url"] = url.without_campaign(page.url)
        elif decision.name == pageview.API:
            props["route"] = _route_of(hit) or unquote(_path_of(page.url))
        elif decision.name in _WITH_PATH and "path" not in hit.props:
            # Decoded, as Plausible's own server fills it in; and no more of it than the URL has.
            props["path"] = unquote(_path_of(page.url))
        return Event(
            name=decision.name,
            url=page.url,
            referrer=referral.referrer,
            previous=referral.previous,
            visitor=visitor,
            props=props,
            interactive=decision.name not in _NOT_INTERACTIVE,
            time=hit.time,
            trimmed=self._cut_fields(page, referral, cut) + self._lost_details(details.faults),
            **details.details,
        )

    def _cut_fields(
        self, page: url.Page, referral: url.Referral, of_visitor: tuple[str, ...]
    ) -> tuple[str, ...]:
        """The names of the fields that are cut in the event; each is logged once."""
        if not (page.is_cut or referral.is_cut or of_visitor):
            return ()
        names = ("url",) * page.is_cut + ("referrer",) * referral.is_cut + of_visitor
        for name in names:
            text = f"a part of the {_CUT_FIELDS[name]} is not sent; such events count as trimmed"
            self._log.warn_once(f"cut:{name}", f"footfall: {text}")
        return names

    def _lost_details(self, faults: Mapping[str, str]) -> tuple[str, ...]:
        """The names of the details that are not sent; each is logged once."""
        for name, fault in faults.items():
            self._log.warn_once(f"detail:{name}", f"footfall: {name} is not sent: {fault}")
        return tuple(faults)

    def _unsent_event(self, hit: Hit, custom: CustomEvent | None) -> Event:
        """The event that was not built, as it would be sent."""
        origin = self.origin_of(hit)
        event = self._event_for(hit, _A_PAGEVIEW, origin)
        rule = self._config.path_rules.excluded_by(hit) or ""
        if rule in _SECRET_PATHS:
            # The pattern instead of the path, which contains the secret.
            event = replace(event, url=origin + rule.removeprefix("exclude "))
        return replace(event, name=custom.name, props=custom.props) if custom else event

    def _referral_of_custom(
        self, custom: CustomEvent, hit: Hit, page: str, of_request: url.Referral
    ) -> url.Referral:
        if custom.referrer is not None:
            hit = replace(hit, headers={"referer": custom.referrer})
            return self._shown(
                hit, url.referrer_of(hit, page=page, options=self._config.url_options)
            )
        # A script tracks a page when the address has changed, so the request's referrer is itself.
        return url.Referral() if of_request.previous == _path_of(page) else of_request

    def _anonymized(self, visitor: Visitor) -> Visitor:
        if not visitor.client_ip or not self._config.anonymize_ip:
            return visitor
        return replace(visitor, client_ip=anonymize(visitor.client_ip))

    def _page_of(self, hit: Hit, origin: str, shown: str | None) -> tuple[url.Page, url.Referral]:
        options = self._config.url_options
        page = url.page_at(origin, hit, options, shown)
        return page, self._shown(hit, url.referrer_at(origin, hit, options))

    def _shown(self, hit: Hit, referral: url.Referral) -> url.Referral:
        """The referral, unless it is a page of this site that is excluded."""
        is_hidden = referral.previous is not None and self._is_excluded(hit, referral.previous)
        return url.Referral() if is_hidden else referral

    def _is_excluded(self, hit: Hit, path: str) -> bool:
        """Whether `path`, of this page or of the one before it, must not be sent."""
        whole = unquote(path)
        excluded_by = self._config.path_rules.excluded_by
        if excluded_by(hit, whole) is not None:
            return True
        # A route in the fragment, which the script of the complement has reported.
        route = whole.partition("#")[2].removeprefix("!")
        return bool(route) and excluded_by(hit, route) is not None

    def _is_excluded_address(self, hit: Hit | None, visitor: Visitor) -> bool:
        """Whether `exclude_ips` has the visitor's address, as it is before it is cut."""
        address = visitor.client_ip
        if hit is not None:
            address = self._config.resolver.resolve(hit.peer, hit.headers)
        parsed = addresses.parse(address) if address else None
        return parsed is not None and parsed in self._config.excluded_networks

    def _finish(
        self, hit: Hit | None, reason: str, event: Event, decision: Decision | None
    ) -> BuildResult:
        """The last checks: the address is known, the visitor is sampled, `before_send` agrees."""
        config, visitor = self._config, event.visitor
        if visitor.client_ip is None:
            self._log.warn_once("no_client_ip", no_client_ip_warning(hit, config))
            return BuildResult("no_client_ip", None, decision, event)
        if hit is not None:
            observe = self._misconfiguration.observe
            if warning := observe(visitor.client_ip, visitor.user_agent, hit.headers):
                self._log.warn_once(f"watch:{warning}", f"footfall: {warning}")
        if config.exclude_ips and self._is_excluded_address(hit, visitor):
            return BuildResult("excluded_ip", None, decision, event)
        if config.sample_rate < 1.0 and not _is_sampled(visitor, config.sample_rate):
            return BuildResult("sampled_out", None, decision, event)
        budget = self._budget
        share = 1.0 if budget is None else budget.share()
        # Of those whom `sample_rate` keeps.
        if share < 1.0 and not _is_sampled(visitor, share * config.sample_rate):
            return BuildResult("over_budget", None, decision, event)
        allowed = event
        if config.before_send is not None and event.name != HEARTBEAT:
            found = config.before_send(event)
            if found is None:
                return BuildResult("before_send", None, decision, event)
            if not found.name == event.name == ENGAGEMENT:
                check_event_name(found.name, config.max_name_chars)
            allowed = found
        # A vendor bills neither.
        if budget is not None and allowed.name not in (ENGAGEMENT, HEARTBEAT):
            budget.count()
        return BuildResult(reason, allowed, decision, event)


_WITH_PATH: Final = frozenset({pageview.NOT_FOUND, pageview.FEED})
# Mostly; a person's browser may open a feed, or call an API.
_OF_PROGRAMS: Final = frozenset({pageview.FEED, pageview.API})
_NOT_INTERACTIVE: Final = _OF_PROGRAMS | {pageview.BOT_VISIT}

# A tuple, since iterating over it makes no set.
_VISITOR_HEADERS: Final = tuple(sorted(VISITOR_HEADERS))

_A_PAGEVIEW: Final = Decision(kind="pageview", reason="", name=PAGEVIEW)
_SECRET_PATHS: Final = frozenset(f"exclude {pattern}" for pattern in DEFAULT_EXCLUDE)


def _at_host(host: str, hit: Hit) -> Hit:
    return hit if host == hit.host else replace(hit, host=host)


# In place of the request where there was none.
_NO_REQUEST: Final = Hit()


def _visit_of(custom: CustomEvent) -> Hit | None:
    """A hit of the visitor of a custom pageview with a token, to decide whether that is a bot.

    Other custom events are not decided by their visitor, whoever they are about.
    """
    if custom.name != PAGEVIEW or custom.visitor is None or not custom.visitor.user_agent:
        return None
    return Hit(host=UNKNOWN_HOST, headers={"user-agent": custom.visitor.user_agent})


def _bounded(visitor: Visitor) -> tuple[Visitor, tuple[str, ...]]:
    """The visitor with what is too long cut, and the names of these fields."""
    agent, language, headers = visitor.user_agent, visitor.language, visitor.headers
    cut = ("user_agent",) * (len(agent) > _MAX_USER_AGENT)
    cut += ("language",) * (len(language) > _MAX_HEADER)
    # Of the language, which is among them, too, for the vendors that want the header itself.
    long = [name for name, value in headers.items() if len(value) > _MAX_HEADER]
    cut += ("headers",) * (long not in ([], ["accept-language"]))
    if not (cut or long):
        return visitor, ()
    return replace(
        visitor,
        user_agent=agent[:_MAX_USER_AGENT],
        language=language[:_MAX_HEADER],
        headers={name: value[:_MAX_HEADER] for name, value in headers.items()},
    ), cut


def _route_of(hit: Hit) -> str:
    """The template of the route; empty where the framework tells none, or one of all paths."""
    return "" if not hit.route or is_catch_all(hit.route) else template(hit.route)


def _path_of(page: str) -> str:
    """The path of a URL that has been scrubbed."""
    return "/" + page.partition("?")[0].partition("://")[2].partition("/")[2]


def _shown_url(hit: Hit) -> str | None:
    """The path that the app set for the page, with the query of the request."""
    if not hit.shown_path:
        return None
    path = quote(hit.shown_path, safe=url.SAFE_IN_PATHS + "/", errors="replace")
    return f"{path}?{hit.query}"


def _details_of(hit: Hit) -> CheckedDetails:
    """The details from the app's mark, and from client hints."""
    hints = details_from_hints(hit.headers)
    if not hit.details:
        return CheckedDetails(hints, NO_PROPS)
    marked = check_details(hit.details)
    return marked._replace(details={**hints, **marked.details})


_NO_DETAILS: Final = CheckedDetails({}, NO_PROPS)


def _is_sampled(visitor: Visitor, rate: float) -> bool:
    """Whether this visitor is in the kept share: the same answer for all of their hits."""
    who = f"{visitor.client_ip}\n{visitor.user_agent}".encode("utf-8", "replace")
    # Keyed, so that the choice is independent of every other use of the same hash.
    digest = blake2b(who, digest_size=8, key=b"footfall sample").digest()
    return int.from_bytes(digest, "big") < rate * 2**64
