"""The line that a developer sees when the app starts: what is counted, and where that shows.

Log lines of level INFO are invisible unless the app configures logging, so success would be
silent. This line goes to standard error, where a person reads it: under a development server, or
where that is a terminal. FOOTFALL_QUIET=1 switches it off. Production logs, tests, and commands
that load an app without serving it, do not have it.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from footfall.common.printable import escaped
from footfall.config import Config, is_quiet, under_pytest
from footfall.destinations import Collector, Destination, file_of
from footfall.tracker import process_hooks, test_mode
from footfall.tracker.uncounted_pages import inactive_cause

__all__ = ["is_wanted", "line_for", "show", "wanted_line"]

# Inherited by the child of a reloader, whose parent may have loaded the app, too. It is none of the
# options, which begin with FOOTFALL_.
_SHOWN: Final = "_FOOTFALL_START_LINES"

# Programs with commands that load an app and serve nothing, and those of their commands that serve.
_SERVING: Final[Mapping[str, tuple[str, ...]]] = {
    "flask": ("run",),
    "fastapi": ("dev", "run"),
    "manage": ("runserver", "runserver_plus"),
    "django-admin": ("runserver", "runserver_plus"),
    "django": ("runserver", "runserver_plus"),
}
_DEVELOPMENT: Final = frozenset({("flask", "run"), ("fastapi", "dev")})
# Code from an argument or a prompt, test runners, and our own commands.
_NEVER_SERVING: Final = frozenset({"", "-c", "unittest", "footfall", "celery"})


def wanted_line(config: Config, environ: Mapping[str, str], *, is_reloading: bool) -> str:
    """The line for this process; empty where nobody would read it."""
    wanted = is_wanted(
        environ,
        getattr(sys, "argv", []),
        is_terminal=_is_terminal(),
        is_reloading=is_reloading,
        is_later_worker=process_hooks.is_later_worker(),
    )
    return line_for(config, environ) if wanted else ""


def is_wanted(
    environ: Mapping[str, str],
    arguments: Sequence[str],
    *,
    is_terminal: bool,
    is_reloading: bool,
    is_later_worker: bool,
) -> bool:
    """Whether a person reads the standard error of a process that serves the app.

    Args:
        environ: Its variables.
        arguments: Its command line, as in `sys.argv`.
        is_terminal: Whether standard error is one.
        is_reloading: Whether a server runs it that restarts after each change.
        is_later_worker: Whether another worker of the same server has shown the line.
    """
    if is_quiet(environ) or under_pytest(environ) or is_later_worker:
        return False
    program = _program(arguments)
    if program in _NEVER_SERVING:
        return False
    if program not in _SERVING:
        return is_terminal or is_reloading
    serving = next((each for each in _SERVING[program] if each in arguments[1:]), None)
    if serving is None:
        return False
    is_development = serving.startswith("runserver") or (program, serving) in _DEVELOPMENT
    return is_terminal or is_reloading or is_development


def _program(arguments: Sequence[str]) -> str:
    """The name of a program without its ending: `flask` for `python -m flask`, too."""
    path = Path(arguments[0] if arguments else "")
    return path.parent.name if path.name == "__main__.py" else path.stem


def line_for(config: Config, environ: Mapping[str, str]) -> str:
    """What is counted, where the events go, and where a person can watch them."""
    if not config.is_active:
        cause = inactive_cause(config, environ)
        # Who has switched it off knows how.
        remedy = f". {cause.remedy} `footfall collect` shows events here." if config.enabled else ""
        return f"footfall: counting nothing, since {cause.text}{remedy}"
    targets = [_target(each) for each in config.all_destinations]
    parts = [f"counting for {_joined(map(_site, targets))}"]
    if others := [each for each in targets if not isinstance(each, Collector)]:
        parts.append(f"events go to {_joined(map(_place, others))}")
    if not config.pageview_options.track_localhost:
        parts.append("pages on localhost do not count (track_localhost=True counts them)")
    if collectors := [each for each in targets if isinstance(each, Collector)]:
        pages = (f"{each.endpoint.removesuffix('/api/event')}/live" for each in collectors)
        parts.append(f"watch {_joined(pages)}")
    if config.dashboard_options is not None:
        # At which host and port, only the server knows.
        parts.append(f"watch {config.dashboard_options.path}/live of this site")
    return escaped(f"footfall: {'; '.join(parts)}")


def _target(destination: Destination) -> Destination:
    """The destination itself, or the one within that gets some events only."""
    target: Destination = getattr(destination, "to", destination)
    return target


def _site(destination: Destination) -> str:
    site = getattr(destination, "domain", None)
    if isinstance(site, str):
        return site
    if file_of(destination) is not None:
        return "each host"
    # Names go on with the server, or with the path of a webhook.
    return re.split("[@/]", destination.name)[0]


def _place(destination: Destination) -> str:
    file = file_of(destination)
    if file is not None:
        return f"the file {file.path}"
    # The path of a webhook may be a secret; a queue has no URL.
    return urlsplit(destination.endpoint).netloc.rpartition("@")[2] or destination.name


def _joined(texts: Iterable[str]) -> str:
    return " and ".join(dict.fromkeys(texts))


def show(line: str) -> None:
    """Write the line, unless this process, or a parent of it, has written it. Never raises."""
    shown = os.environ.get(_SHOWN, "").splitlines()
    if line in shown or test_mode.is_on():
        return
    try:
        os.environ[_SHOWN] = "\n".join([*shown, line])
        # In ASCII: the console may have another encoding.
        sys.stderr.write(line.encode("ascii", "backslashreplace").decode() + "\n")
        sys.stderr.flush()
    except (AttributeError, OSError, ValueError):
        return  # there is none, as under pythonw, or it is closed


def _is_terminal() -> bool:
    try:
        return sys.stderr.isatty()
    except (AttributeError, ValueError):
        return False
