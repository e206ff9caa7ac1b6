"""`footfall mcp` lets an AI agent read numbers, hits and settings, over the Model Context Protocol.

It serves one client over standard input and output, with the official SDK (extra `[mcp]`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from footfall.cli import app_settings
from footfall.cli.api_keys import (
    COLLECTOR_TOKEN,
    STATS_KEY,
    collector_token,
    stats_key,
)
from footfall.cli.terminal import complain
from footfall.errors import ConfigError

if TYPE_CHECKING:
    import argparse

HELP: Final = (
    "Let an AI agent read what a collector or Plausible has counted, see why hits count or not, "
    "explain a request and check an app's settings. It speaks the Model Context Protocol over "
    "standard input and output, and changes nothing. The agent sees no key: the collector's token "
    f"is read from {COLLECTOR_TOKEN}, Plausible's key from {STATS_KEY} or from the file that "
    f"{STATS_KEY}_FILE names."
)
EXIT_CODES: Final = {
    0: "the client has ended the session",
    1: "the session failed: a line says why",
    2: "it could not start: wrong usage, a missing package or key",
}

_ENDED = 0
_FAILED = 1
_USAGE = 2

_CLOUD: Final = "https://plausible.io"
MISSING: Final = 'footfall mcp needs the package mcp: pip install "footfall[mcp]"'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `footfall mcp`."""
    source = parser.add_mutually_exclusive_group()
    source.add_argument("--collector", metavar="URL", help="read the collector that answers there")
    source.add_argument("--database", metavar="FILE", help="read a collector's file")
    source.add_argument(
        "--plausible", metavar="SITE", help="read the numbers of this site in Plausible"
    )
    parser.add_argument(
        "--base-url", default=_CLOUD, metavar="URL", help="of the Plausible server (%(default)s)"
    )
    app_settings.add_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Return an exit code of `EXIT_CODES`."""
    try:
        from mcp.server import MCPServer
    except ImportError:
        complain(MISSING)
        return _USAGE
    from footfall.cli.mcp.source import open_source
    from footfall.cli.mcp.tools import INSTRUCTIONS, AgentTools, add_tools

    try:
        source = open_source(
            collector=args.collector,
            database=args.database,
            site=args.plausible,
            base_url=args.base_url,
            token=collector_token(),
            stats_key=stats_key(),
        )
    except (ConfigError, OSError, ValueError) as error:
        complain(error)
        return _USAGE
    with source:
        server = MCPServer("footfall", instructions=INSTRUCTIONS, log_level="WARNING")
        add_tools(server, AgentTools(source, _settings_options(args)))
        try:
            server.run("stdio")
        except KeyboardInterrupt:
            return _ENDED
        except Exception as error:  # noqa: BLE001 -- of the SDK, which groups what it raises
            complain(source.without_secrets(f"the session failed: {error}"))
            return _FAILED
    return _ENDED


def _settings_options(args: argparse.Namespace) -> list[str]:
    """The options with which `footfall check` and `footfall explain` read the same settings."""
    if args.app:
        return [f"--app={args.app}"]
    return [f"--settings={args.settings}"] if args.settings else []
