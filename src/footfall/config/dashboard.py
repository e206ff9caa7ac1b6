"""The options of the dashboard in the app: its path, and who may look."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final, cast

from footfall.common.bearer_token import MIN_LENGTH, token_remedy
from footfall.common.path_prefix import normalized_path
from footfall.config.options import STAFF, DashboardAllow, Options
from footfall.destinations import Destination, file_of
from footfall.errors import HIDDEN, ConfigError, Fault

if TYPE_CHECKING:
    from footfall.common.password_hash import PasswordHash
    from footfall.destinations import SQLite

__all__ = ["DashboardOptions", "dashboard_options"]

_EXAMPLE: Final = 'write a path such as "/stats"'
_DESTINATION: Final = (
    'shows the file of a destination such as "sqlite:///footfall.sqlite3", and there is none; '
    "a collector in another process has its own pages"
)
_MISSING: Final = 'needs starlette and jinja2: pip install "footfall[collector]"'
_HASH_REMEDY: Final = (
    "write USER:HASH, as `python -m footfall.dashboard.password USER` prints it for a password"
)
# It is a part of a path, which no program has to escape.
_SHARE_TOKEN: Final = re.compile(rf"[\w.~-]{{{MIN_LENGTH},}}", re.ASCII)
_SHARE_REMEDY: Final = (
    f"write a random text of {MIN_LENGTH} letters, digits, dashes and underscores or more"
)
_SHARED_SITE: Final = (
    "shows the figures of one site; name it in the destination, such as "
    '"sqlite:///footfall.sqlite3?domain=example.com"'
)
_OPTIONS: Final = (
    "dashboard_token",
    "dashboard_allow",
    "dashboard_password",
    "dashboard_share_token",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DashboardOptions:
    """What is shown below which path, and to whom."""

    path: str
    """With a slash at its beginning and none at its end."""
    file: SQLite
    token: str | None = field(repr=False)
    allow: DashboardAllow | None = field(repr=False)
    user: str | None = field(repr=False)
    password: PasswordHash | None = field(repr=False)
    share_token: str | None = field(repr=False)
    """With it the file has a `domain`."""

    @property
    def has_rule(self) -> bool:
        """Whether the owner said who may look."""
        return not (self.token is None and self.allow is None and self.password is None)


def dashboard_options(
    options: Options, destinations: Iterable[Destination] | None
) -> DashboardOptions | None:
    """The options of the dashboard; None where there is to be none.

    Args:
        options: All options.
        destinations: None where they cannot work, which is reported elsewhere.

    Raises:
        ConfigError: with a fault for each option that cannot work.
    """
    faults: list[Fault] = []
    path = _path(options["dashboard"], faults)
    token = options["dashboard_token"]
    allow: object = options["dashboard_allow"]
    user, password = _password(options["dashboard_password"], faults)
    if (remedy := _token_remedy(token)) is not None:
        faults.append(Fault("dashboard_token", HIDDEN, remedy))
    if not (allow is None or callable(allow) or allow == STAFF):
        remedy = f'give a function of the request, or under Django "{STAFF}"'
        faults.append(Fault("dashboard_allow", allow, remedy))
    if options["dashboard"] is None:
        faults += [
            Fault(name, HIDDEN, 'goes with the dashboard: dashboard="/stats"')
            for name in _OPTIONS
            if cast("dict[str, object]", options)[name] is not None
        ]
    file = next((found for each in destinations or () if (found := file_of(each))), None)
    if path is not None and file is None and destinations is not None:
        faults.append(Fault("dashboard", path, _DESTINATION))
    if path is not None and not (find_spec("starlette") and find_spec("jinja2")):
        faults.append(Fault("dashboard", path, _MISSING))
    share_token = options["dashboard_share_token"]
    if (remedy := _share_remedy(share_token, token, file)) is not None:
        faults.append(Fault("dashboard_share_token", HIDDEN, remedy))
    if faults:
        raise ConfigError(faults)
    if path is None or file is None:
        return None
    return DashboardOptions(
        path=path,
        file=file,
        token=token,
        allow=options["dashboard_allow"],
        user=user,
        password=password,
        share_token=share_token,
    )


def _path(value: object, faults: list[Fault]) -> str | None:
    if value is None:
        return None
    try:
        path = normalized_path(value) if isinstance(value, str) else ""
    except ValueError as error:
        faults.append(Fault("dashboard", value, str(error)))
        return None
    if not path:
        faults.append(Fault("dashboard", value, f"{_EXAMPLE}; the rest is the app's"))
        return None
    return path


def _token_remedy(token: object) -> str | None:
    if token is None:
        return None
    if (remedy := token_remedy(token)) is not None:
        return remedy
    if len(cast("str", token)) < MIN_LENGTH:
        return f"write a random text of {MIN_LENGTH} characters or more"
    return None


def _share_remedy(share_token: object, token: object, file: SQLite | None) -> str | None:
    if share_token is None:
        return None
    if not (isinstance(share_token, str) and _SHARE_TOKEN.fullmatch(share_token)):
        return _SHARE_REMEDY
    if share_token == token:
        return "opens all pages as dashboard_token; write another"
    return _SHARED_SITE if file is not None and file.domain is None else None


def _password(value: object, faults: list[Fault]) -> tuple[str | None, PasswordHash | None]:
    """The user and the hash; None for none."""
    if value is None:
        return None, None
    # Most apps have no password, and need not load what hashes one.
    from footfall.common.password_hash import PasswordHash

    user, colon, text = value.partition(":") if isinstance(value, str) else ("", "", "")
    try:
        if not (user and colon):
            raise ValueError("is no user with a hash")
        return user, PasswordHash(text)
    except ValueError as error:
        faults.append(Fault("dashboard_password", HIDDEN, f"{error}: {_HASH_REMEDY}"))
        return None, None
