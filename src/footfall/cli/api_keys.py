"""The keys that commands read from the environment, so that no list of processes shows them."""

from __future__ import annotations

import os
from typing import Final

from footfall.collector.settings import SETTINGS, read_token_file

STATS_KEY: Final = "PLAUSIBLE_STATS_KEY"
"""The variable with a key of Plausible's Stats API."""
SITES_KEY: Final = "PLAUSIBLE_SITES_KEY"
"""The variable with a key of Plausible's Sites API."""
COLLECTOR_TOKEN: Final = SETTINGS["token"].variable
"""The variable with the collector's token, which the collector itself reads, too."""

# Its name before the collector read variables.
_FORMER_COLLECTOR_TOKEN: Final = "COLLECTOR_TOKEN"  # noqa: S105 -- the name of a variable


def key(variable: str) -> str | None:
    """The value of a variable, None if it is empty."""
    return os.environ.get(variable, "").strip() or None


def stats_key() -> str | None:
    """A key of Plausible's Stats API, from its variable or the file that a variable names.

    Raises:
        ConfigError: The file cannot be read.
    """
    variable = f"{STATS_KEY}_FILE"
    file = key(variable)
    return key(STATS_KEY) or (read_token_file(variable, file) if file else None)


def collector_token() -> str | None:
    """The collector's token, from its variable, the file that a variable names, or the former name.

    Raises:
        ConfigError: The file cannot be read.
    """
    if token := key(COLLECTOR_TOKEN):
        return token
    variable = SETTINGS["token_file"].variable
    if file := key(variable):
        return read_token_file(variable, file)
    return key(_FORMER_COLLECTOR_TOKEN)


def collector_token_remedy() -> str:
    """What to do where a collector refuses to be read with `collector_token`."""
    if collector_token() is None:
        return f"the collector wants its token: set {COLLECTOR_TOKEN} to its --token"
    return f"the collector does not know this token: compare {COLLECTOR_TOKEN} with its --token"
