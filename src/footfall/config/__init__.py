"""Every option, its default and why; from keyword arguments, a settings mapping or the environment.

A `Config` is checked and compiled once, when the app starts. All faults are raised together, in one
`ConfigError`; afterwards nothing about the settings can fail in a request. Precedence: explicit
argument, then the framework's settings, then `FOOTFALL_*` in the environment, then the default.

    options    their names and types, for the doors' signatures
    config     their defaults and reasons
    reading    from mappings and the environment
    checks     what one look at a value tells
    compiled   what they are made into
"""

from footfall.config.config import Config
from footfall.config.options import Options
from footfall.config.sources import as_options, overruled, under_pytest

__all__ = ["Config", "Options", "as_options", "overruled", "under_pytest"]
