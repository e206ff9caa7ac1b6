"""Who may look at the dashboard: whom one of the owner's options lets in.

Where none of them is set, a browser on this machine may, and while the app is in debug mode one
that has it at a local address. A page that an attacker's name has led to this machine (DNS
rebinding) sends that name as the Host; an address cannot be led elsewhere.

A proxy on this machine connects from a loopback address, too, and may send a Host of its own, as
nginx does by default. It shows in the headers that it adds; and nearly always in the one that it
does not pass on: `Connection` is for one connection alone (RFC 9110, section 7.6.1), and browsers
send `keep-alive` with each request of HTTP/1.1.
"""

from __future__ import annotations

import inspect
from typing import Final

from footfall.client_ip import ClientIP
from footfall.client_ip.platforms import KNOWN_HEADERS
from footfall.collector.access_token import (
    SHARED_PATH,
    entry_headers,
    has_cookie,
    has_token,
    is_same,
)
from footfall.collector.allowed_hosts import address_of, host_of
from footfall.common.log import ThrottledLog, error_location
from footfall.common.loopback import is_loopback
from footfall.config import DashboardOptions
from footfall.dashboard.messages import DashboardRequest, DashboardResponse, text_response
from footfall.dashboard.password_check import PasswordCheck, Verdict

__all__ = ["AccessRules"]

_PROXY_HEADERS: Final = KNOWN_HEADERS | {"via"}
_REMEDY: Final = (
    "say who may look with the option dashboard_token, dashboard_password or dashboard_allow"
)
_REALM: Final = 'Basic realm="footfall", charset="UTF-8"'


class AccessRules:
    """Decides on each request for the dashboard.

    Args:
        options: Who may look.
        resolver: Finds the visitor's address.
        log: Where the owner is told why somebody may not.
    """

    def __init__(self, options: DashboardOptions, resolver: ClientIP, log: ThrottledLog) -> None:
        self._options = options
        self._resolver = resolver
        self._log = log
        self._password = (
            PasswordCheck(options.user, options.password)
            if options.user is not None and options.password is not None
            else None
        )

    def refusal(self, request: DashboardRequest) -> DashboardResponse | None:
        """The response to a request that is not allowed; None for one that is."""
        if request.scope["method"] not in ("GET", "HEAD"):
            return text_response(405, "These pages can only be read.", [("allow", "GET, HEAD")])
        if self._options.share_token is not None and request.path.startswith(SHARED_PATH):
            return _refusal_of_link(self._options.share_token, request.path)
        if not self._options.has_rule:
            return None if self._is_own_machine(request) else self._refuse_by_default()
        return self._refusal_by_rules(request)

    # -- without any option --------------------------------------------------------------------

    def _is_own_machine(self, request: DashboardRequest) -> bool:
        headers = request.headers
        host = host_of(headers.get("host", ""))
        if host is None:
            return False
        if request.is_debug:
            return is_loopback(host) or address_of(host) is not None
        has_proxy = any(
            name in _PROXY_HEADERS or name.startswith("x-forwarded-") for name in headers
        )
        # Apache sends `Keep-Alive`, and under waitress nothing else of it is seen.
        is_direct = "keep-alive" in headers.get("connection", "") and not has_proxy
        # The second may come from a header that anybody can send.
        addresses = (request.peer, self._resolver.resolve(request.peer, headers))
        return is_direct and all(is_loopback(each or "") for each in (host, *addresses))

    def _refuse_by_default(self) -> DashboardResponse:
        self._log.warn_once(
            "dashboard_refused",
            f"footfall: the dashboard was refused to a visitor who is not on this machine; "
            f"{_REMEDY} (docs/dashboard.md)",
        )
        text = f"Only a browser on the app's own machine may look. To change that, {_REMEDY}."
        return text_response(403, text)

    # -- with options --------------------------------------------------------------------------

    def _refusal_by_rules(self, request: DashboardRequest) -> DashboardResponse | None:
        """The response of the first rule that has one to give, unless another lets in."""
        token, allow = self._options.token, self._options.allow
        refusals = []
        if token is not None:
            entry = entry_headers(
                token,
                root=request.root,
                path=request.path,
                query=request.query,
                is_secure=request.is_secure,
            )
            if entry is not None:
                return text_response(303, "", entry)
            if has_token(request.headers.get("authorization", ""), [token]) or has_cookie(
                request.headers.get("cookie", ""), token
            ):
                return None
            text = "Open the page once with ?token=TOKEN."
            refusals.append(text_response(401, text, [("www-authenticate", "Bearer")]))
        if self._password is not None:
            verdict = self._password.verdict(request.headers.get("authorization", ""))
            if verdict is Verdict.RIGHT:
                return None
            refusals.insert(0, _PASSWORD_REFUSALS[verdict])
        if allow is not None:
            if self._is_allowed(request):
                return None
            refusals.append(text_response(403, "You may not look at this page."))
        return refusals[0]

    def _is_allowed(self, request: DashboardRequest) -> bool:
        """What the owner's function says; anything but True refuses."""
        try:
            answer = request.ask(self._options.allow)
        except Exception as error:  # noqa: BLE001 -- the owner's function
            self._warn_of_allow(f"failed: {error_location(error)}")
            return False
        if inspect.iscoroutine(answer):
            answer.close()
        if not (answer is None or isinstance(answer, bool)):
            self._warn_of_allow(f"returned {type(answer).__name__}; return True or False")
        return answer is True

    def _warn_of_allow(self, fault: str) -> None:
        self._log.warn(
            "dashboard_allow",
            f"footfall: nobody may look at the dashboard: dashboard_allow {fault}",
        )


_PASSWORD_REFUSALS: Final = {
    Verdict.WRONG: text_response(401, "Who are you?", [("www-authenticate", _REALM)]),
    Verdict.TOO_MANY: text_response(
        429, "Too many wrong passwords; wait a minute.", [("retry-after", "60")]
    ),
}


def _refusal_of_link(share_token: str, path: str) -> DashboardResponse | None:
    """The response to whoever does not have the address of the shared dashboard."""
    given = path.removeprefix(SHARED_PATH).partition("/")[0]
    return None if is_same(given, share_token) else text_response(404, "This link leads nowhere.")
