"""The options: declared once, read from arguments, settings or the environment, checked, compiled.

A `Config` is checked and compiled once, when the app starts. All faults are raised together, in one
`ConfigError`; afterwards nothing about the settings can fail in a request. Precedence: explicit
argument, then the framework's settings, then `FOOTFALL_*` in the environment, then the default.

    config     every option with its type, default, bounds and explanation
    declare    what a field of `Config` declares
    options    their names and types, for the signatures of the adapters
    sources    reads them from mappings and the environment
    validate   checks each value by itself
    compile    compiles the values into the parts that requests use
    dashboard  compiles the options of the dashboard
    table      the table of options in the manual
"""

from footfall.config.config import OPTIONS, Config, overruled
from footfall.config.dashboard import DashboardOptions
from footfall.config.options import STAFF, Options
from footfall.config.sources import as_options, is_off_in, is_quiet, under_pytest

__all__ = [
    "OPTIONS",
    "STAFF",
    "Config",
    "DashboardOptions",
    "Options",
    "as_options",
    "is_off_in",
    "is_quiet",
    "overruled",
    "under_pytest",
]
