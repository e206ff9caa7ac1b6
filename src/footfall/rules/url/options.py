"""What the site owner wants kept of URLs."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Final, Literal

from footfall.errors import ConfigError, Fault
from footfall.rules.url.host import host_of, origin_of, scheme_of
from footfall.rules.url.path import HidePathSecrets
from footfall.rules.url.query import CREDENTIAL, KeepQuery, normalised_name


@dataclass(frozen=True, slots=True, kw_only=True)
class UrlOptions:
    """What is kept of a URL beside the campaign.

    Raises:
        ConfigError: lists every option that cannot work.
    """

    # Names that are kept with their values, compared with their case, or "*" for all but known
    # secrets. A listed name is kept even if "*" would drop it (`code`, `user`), except those of
    # credentials (`token`, `secret`, `passw`, `session`, `auth`, `signature`).
    keep_query: KeepQuery = frozenset()
    # The public scheme and host, for sites whose proxies do not send them: "https://example.com".
    base_url: str | None = None
    # "route" sends `/users/{id}` for `/users/17` where the framework knows the route.
    path_mode: Literal["path", "route"] = "path"
    # Addresses and long random text in a path become `:email` and `:token`. Own regexes, or a
    # function of a segment that returns True, hide more.
    hide_path_secrets: HidePathSecrets = True

    def __post_init__(self) -> None:
        faults = [*_keep_query_faults(self.keep_query), *_base_url_faults(self.base_url)]
        if self.path_mode not in ("path", "route"):
            faults.append(Fault("path_mode", self.path_mode, 'write "path" or "route"'))
        if faults:
            raise ConfigError(faults)
        if self.keep_query != "*":
            object.__setattr__(self, "keep_query", frozenset(self.keep_query))
        if self.base_url is not None:
            object.__setattr__(self, "base_url", origin_of(self.base_url))


def _keep_query_faults(names: object) -> Iterable[Fault]:
    if names == "*":
        return
    if isinstance(names, str) or not isinstance(names, Collection):
        yield Fault("keep_query", names, 'write a list of names, or "*" for all but secrets')
        return
    for name in names:
        if not isinstance(name, str) or not re.fullmatch(r"[^\s&=?#]+", name):
            yield Fault("keep_query", name, 'write the bare name of a parameter, such as "page"')
        elif name == "*":
            yield Fault("keep_query", name, 'write keep_query="*" and no other name')
        elif CREDENTIAL.search(normalised_name(name)):
            yield Fault("keep_query", name, "a credential is never sent; leave it out")


def _base_url_faults(url: object) -> Iterable[Fault]:
    if url is None or (isinstance(url, str) and origin_of(url)):
        return
    found = _ALMOST_ORIGIN.match(url) if isinstance(url, str) else None
    host = host_of(found["host"]) if found else ""
    scheme = (scheme_of(found["scheme"] or "") if found else "") or "https"
    example = f"{scheme}://{host or 'example.com'}"
    yield Fault("base_url", url, f'write scheme and host alone, such as "{example}"')


_ALMOST_ORIGIN: Final = re.compile(r"\s*(?:(?P<scheme>\w+)://)?(?:[^/?#]*@)?(?P<host>[^/?#\s]*)")

DEFAULT_OPTIONS: Final = UrlOptions()
