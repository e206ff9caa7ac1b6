"""Reads options from a mapping of settings, and from `FOOTFALL_*` in the environment."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple, TypeAlias

from footfall.config.declare import Option
from footfall.errors import HAS_SECRET, HIDDEN, ConfigError, Fault
from footfall.rules.path_rules import pattern_list

_Options: TypeAlias = Mapping[str, Option]

_PREFIX: Final = "FOOTFALL_"
# Of the collector, which may run in the same process; it reads these itself.
_COLLECTORS: Final = "FOOTFALL_COLLECTOR_"
# Not to print the line at the start; of a person at a terminal, so none of the app's options.
_QUIET: Final = "FOOTFALL_QUIET"
# The options for which their variables count, or the default, and not what the app sets.
_OVERRIDE: Final = "FOOTFALL_OVERRIDE"
# Other products have options of these names; here a destination's line contains them.
_SITES: Final = frozenset(
    {"domain", "site", "site_id", "pid", "project_id", "website", "website_id"}
)
_OF_DESTINATIONS: Final = _SITES | {"endpoint", "host", "url"}
_EXAMPLE: Final = "plausible://plausible.io/example.com"
_NO_OPTION: Final = "there is no such option"
_TRUE: Final = frozenset({"1", "true", "yes", "on"})
_FALSE: Final = frozenset({"0", "false", "no", "off"})


class Given(NamedTuple):
    """The values that were given, and how each was written."""

    values: Mapping[str, Any]
    spellings: Mapping[str, str]
    """For each option that was given, how it was written: `FOOTFALL_MAX_QUEUE`."""
    faults: Sequence[Fault]

    def as_written(self, fault: Fault) -> Fault:
        """The fault with its option spelled as the site owner wrote it."""
        return fault._replace(option=self.spellings.get(fault.option, fault.option))


def read(
    given: Mapping[str, Any], environ: Mapping[str, str], options: _Options, origin: str
) -> Given:
    """Read the options that are given, and those that the environment adds.

    Args:
        given: By name, in lower case.
        environ: Variables of other programs and empty ones are ignored.
        options: All options, by name.
        origin: Stands before the names of `given` in faults.
    """
    faults = [
        Fault(f"{origin}{name}", _shown(str(name), value, options), _unknown(str(name), options))
        for name, value in given.items()
        if name not in options
    ]
    values: dict[str, Any] = {}
    spellings: dict[str, str] = {}
    for variable, name, text in _variables(environ):
        if name not in options or options[name].kind == "function":
            shown = _shown(name, text, options)
            faults.append(Fault(variable, shown, _unknown_variable(name, options)))
            continue
        try:
            values[name] = _parsed(options[name], text)
            spellings[name] = variable
        except ValueError as error:
            faults.append(Fault(variable, text, str(error)))
    ignored = overriding(environ)
    known = {
        name: value for name, value in given.items() if name in options and name not in ignored
    }
    spellings |= {name: f"{origin}{name}" for name in known}
    return Given({**values, **known}, spellings, faults)


def overruled_variables(
    given: Mapping[str, Any], environ: Mapping[str, str], options: _Options
) -> list[str]:
    """The variables of the environment without effect, since `given` has other values."""
    return sorted(
        variable
        for variable, name, text in _variables(environ)
        if name in given
        and name not in overriding(environ)
        and not (name in options and _is_same(given[name], options[name], text))
    )


def as_options(settings: object) -> dict[str, Any]:
    """A framework's settings mapping as keyword options: names in lower case.

    Raises:
        ConfigError: `settings` is not a mapping.
    """
    if not isinstance(settings, Mapping):
        remedy = f'write a dict, such as {{"destinations": "{_EXAMPLE}"}}'
        raise ConfigError(Fault("FOOTFALL", HIDDEN, remedy))
    return {str(name).lower(): value for name, value in settings.items()}


def under_pytest(environ: Mapping[str, str]) -> bool:
    """True in a test run: pytest sets this variable for itself and the processes it starts."""
    return "PYTEST_VERSION" in environ


def is_off_in(environ: Mapping[str, str]) -> bool:
    """True if a variable switches counting off, unless the app's own option overrules it."""
    return environ.get("FOOTFALL_ENABLED", "").strip().lower() in _FALSE


def overriding(environ: Mapping[str, str]) -> frozenset[str]:
    """The options that FOOTFALL_OVERRIDE names: what the app sets for them does not count."""
    names = environ.get(_OVERRIDE, "").lower().split(",")
    return frozenset(name.strip() for name in names if name.strip())


def is_quiet(environ: Mapping[str, str]) -> bool:
    """True if a variable asks for no line at the start."""
    text = environ.get(_QUIET, "").strip().lower()
    return bool(text) and text not in _FALSE


# -- the environment ---------------------------------------------------------------------------


def _variables(environ: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    """Each variable of footfall's that is not empty, with the option's name and the text."""
    for variable, text in environ.items():
        name = variable.removeprefix(_PREFIX).lower()
        # Kubernetes sets these in every pod beside a service named footfall.
        is_kubernetes = name.startswith(("service_", "port_")) or name == "port"
        is_ours = variable.startswith(_PREFIX) and not variable.startswith(
            (_COLLECTORS, _QUIET, _OVERRIDE)
        )
        if is_ours and text.strip() and not is_kubernetes:
            yield variable, name, text.strip()


def _parsed(option: Option, text: str) -> object:
    """The value of an option that a variable's text means.

    Raises:
        ValueError: its text is the remedy.
    """
    match option.kind:
        case "switch":
            return _switch(text)
        case "number" | "whole number":
            try:
                return int(text) if option.kind == "whole number" else float(text)
            except ValueError:
                raise ValueError(f"write a {option.kind}") from None
        case "choice" if False in option.choices and text.lower() in _FALSE:
            return False
        case "choice" if True in option.choices and text.lower() in _TRUE:
            return True
    return text


def _switch(text: str) -> bool:
    if text.lower() in _TRUE:
        return True
    if text.lower() in _FALSE:
        return False
    raise ValueError("write 1 or 0")


def _is_same(value: object, option: Option, text: str) -> bool:
    """True if a value is the one that a variable's text means."""
    try:
        parsed = _parsed(option, text)
    except ValueError:
        return False
    return value == parsed or pattern_list(value) == pattern_list(parsed)  # type: ignore[arg-type]  # takes anything


# -- unknown names -----------------------------------------------------------------------------


def _shown(name: str, value: object, options: _Options) -> object:
    """The value of an unknown option, unless that may be a secret whose name is misspelt."""
    close = name if name in options else _nearest(name, options)
    if close is None:
        return value if name.lower() in _SITES else HIDDEN
    # A line may hold a token.
    return HIDDEN if HAS_SECRET(close) or options[close].is_secret else value


def _unknown(name: str, names: Iterable[str]) -> str:
    if name.lower() in _OF_DESTINATIONS:
        return f'{_NO_OPTION}; it is part of a destination: destinations=["{_EXAMPLE}"]'
    close = _nearest(name, names)
    return f"{_NO_OPTION}; " + (
        f"did you mean {close!r}?" if close else f"the options are {', '.join(names)}"
    )


def _unknown_variable(name: str, options: _Options) -> str:
    if name in options:
        return f"{_NO_OPTION} in the environment: it is a function, so give it in code"
    if name in _OF_DESTINATIONS:
        return f"{_NO_OPTION}; it is part of a destination: {_PREFIX}DESTINATIONS={_EXAMPLE}"
    names = [each.name for each in options.values() if each.kind != "function"]
    close = _nearest(name, names)
    return (
        f"{_NO_OPTION}; did you mean {_PREFIX}{close.upper()}?" if close else _unknown(name, names)
    )


def _nearest(name: str, names: Iterable[str]) -> str | None:
    return next(iter(difflib.get_close_matches(name.lower(), list(names), n=1)), None)
