"""The names and types of all options, for the signatures of the adapters."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from typing import Any, Final, Literal, TypeAlias, TypedDict

from footfall.delivery.outbox import Mode
from footfall.delivery.transport import Transport, TransportName
from footfall.destinations import Destination
from footfall.model import Event, Headers, Hit
from footfall.rules import path_rules

STAFF: Final = "staff"
"""The value of `dashboard_allow` that lets in whom Django calls staff."""

DashboardAllow: TypeAlias = Callable[[Any], object] | Literal["staff"]


class Options(TypedDict, total=False):
    """The options of `Config` as keyword arguments.

    Written by hand, since type checkers read it; a test compares it with the fields of `Config`.
    """

    destinations: Sequence[str | Destination] | str | Destination
    enabled: bool
    dashboard: str | None
    dashboard_token: str | None
    dashboard_allow: DashboardAllow | None
    dashboard_password: str | None
    dashboard_share_token: str | None
    complement: str | None
    complement_engagement: bool
    complement_heartbeat: bool
    complement_hash_routes: bool
    complement_window: bool
    trusted_proxies: str | int | Sequence[Any]
    client_ip_header: str | None
    client_ip: Callable[[Headers, str | None], str | None] | None
    anonymize_ip: Literal["truncate"] | bool
    exclude: Sequence[path_rules.Pattern] | str
    include: Sequence[path_rules.Pattern] | str
    default_exclude: bool
    exclude_ips: Sequence[str] | str
    prefetch: Literal["skip", "count", "refuse"]
    bots: Literal["skip", "count", "event"]
    is_bot: Callable[[Hit], bool | str | None] | None
    track_404: bool
    track_downloads: bool
    download_extensions: Sequence[str] | str
    track_feeds: bool
    track_api: Sequence[path_rules.Pattern] | str
    track_iframes: bool
    track_localhost: bool | None
    respect_dnt: bool
    respect_gpc: bool
    skip_spam_referrers: bool
    should_track: Callable[[Hit], bool] | None
    before_send: Callable[[Event], Event | None] | None
    sample_rate: float
    max_events_per_day: int | None
    max_events_per_month: int | None
    keep_query: Sequence[str] | str
    base_url: str | None
    path_mode: Literal["path", "route"]
    hide_path_secrets: bool | Sequence[str | re.Pattern[str]] | Callable[[str], bool]
    transport: TransportName | Transport
    mode: Literal["auto", "thread", "sync"]
    max_queue: int
    max_age_seconds: float | None
    max_connections: int
    timeout_seconds: float
    outbox: str | os.PathLike[str] | None
    outbox_mode: Mode
    shutdown_timeout_seconds: float
    token_secret: str | None
    debug: bool
