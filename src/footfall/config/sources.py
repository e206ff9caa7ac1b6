"""Options as they are written: in a mapping of settings, and as `FOOTFALL_*` in the environment."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from footfall.config.validate import CALLABLES, NUMBERS, SWITCHES, WHOLE_NUMBERS
from footfall.errors import ConfigError, Fault
from footfall.rules.path_rules import listed

__all__ = ["Given", "as_options", "given", "overruled", "under_pytest"]

_PREFIX: Final = "FOOTFALL_"
_FUNCTIONS: Final = frozenset((*CALLABLES, "client_ip"))
# What people look for by its own name; it stands in the destination's line.
_OF_DESTINATIONS: Final = frozenset(
    {"domain", "site", "site_id", "pid", "project_id", "website", "website_id"}
    | {"endpoint", "host", "url"}
)
_EXAMPLE: Final = "plausible://plausible.io/example.com"
_NO_OPTION: Final = "there is no such option"
_SECRETS: Final = re.compile("secret|token|key|password", re.IGNORECASE)
_HIDDEN: Final = "(hidden)"
_TRUE: Final = frozenset({"1", "true", "yes", "on"})
_FALSE: Final = frozenset({"0", "false", "no", "off"})


class Given(NamedTuple):
    """The values that somebody wrote down, and how."""

    values: Mapping[str, Any]
    spellings: Mapping[str, str]
    """For each option that was given, how it was written: `FOOTFALL_MAX_QUEUE`."""
    faults: Sequence[Fault]

    def as_written(self, fault: Fault) -> Fault:
        """The fault with its option spelled as its owner will look for it."""
        return fault._replace(option=self.spellings.get(fault.option, fault.option))


def given(
    options: Mapping[str, Any], environ: Mapping[str, str], names: Sequence[str], origin: str
) -> Given:
    """What `options` say, and the environment where they say nothing.

    Args:
        options: By name, in lower case.
        environ: Variables of other programs are left alone, and those without text.
        names: All the options there are.
        origin: Stands before the name of each of `options` in faults.
    """
    faults = [
        Fault(f"{origin}{name}", _shown(str(name), value), _unknown(str(name), names))
        for name, value in options.items()
        if name not in names
    ]
    values: dict[str, Any] = {}
    spellings: dict[str, str] = {}
    for variable, name, text in _variables(environ):
        if name in _FUNCTIONS or name not in names:
            faults.append(Fault(variable, _shown(name, text), _unknown_variable(name, names)))
            continue
        try:
            values[name] = _parsed(name, text)
            spellings[name] = variable
        except ValueError as error:
            faults.append(Fault(variable, text, str(error)))
    known = {name: value for name, value in options.items() if name in names}
    spellings |= {name: f"{origin}{name}" for name in known}
    return Given({**values, **known}, spellings, faults)


def overruled(options: Mapping[str, Any], environ: Mapping[str, str]) -> list[str]:
    """The variables that have no effect, since `options` say something else."""
    return sorted(
        variable
        for variable, name, text in _variables(environ)
        if name in options and not _says(options[name], name, text)
    )


def as_options(settings: object) -> dict[str, Any]:
    """A framework's settings mapping as keyword options: names in lower case.

    Raises:
        ConfigError: it is no mapping.
    """
    if not isinstance(settings, Mapping):
        remedy = f'write a dict, such as {{"destinations": "{_EXAMPLE}"}}'
        raise ConfigError(Fault("FOOTFALL", settings, remedy))
    return {str(name).lower(): value for name, value in settings.items()}


def under_pytest(environ: Mapping[str, str]) -> bool:
    """True in a test run: pytest sets this variable for itself and the processes it starts."""
    return "PYTEST_VERSION" in environ


# -- the environment ---------------------------------------------------------------------------


def _variables(environ: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    """Each variable of ours with the option's name and the text. An empty one says nothing."""
    for variable, text in environ.items():
        name = variable.removeprefix(_PREFIX).lower()
        # Kubernetes says so to every pod beside a service named footfall.
        is_kubernetes = name.startswith(("service_", "port_")) or name == "port"
        if variable.startswith(_PREFIX) and text.strip() and not is_kubernetes:
            yield variable, name, text.strip()


def _parsed(name: str, text: str) -> object:
    if name in SWITCHES or name == "track_localhost":
        return _switch(text)
    if name in NUMBERS:
        try:
            return int(text) if name in WHOLE_NUMBERS else float(text)
        except ValueError:
            what = "a whole number" if name in WHOLE_NUMBERS else "a number"
            raise ValueError(f"write {what}") from None
    if name == "anonymize_ip" and text.lower() in _FALSE:
        return False
    return text


def _switch(text: str) -> bool:
    if text.lower() in _TRUE:
        return True
    if text.lower() in _FALSE:
        return False
    raise ValueError("write 1 or 0")


def _says(value: object, name: str, text: str) -> bool:
    """True if an option has the very value that a variable's text stands for."""
    try:
        parsed = _parsed(name, text)
    except ValueError:
        return False
    return value == parsed or listed(value) == listed(parsed)  # type: ignore[arg-type]  # takes anything


# -- what nobody knows -------------------------------------------------------------------------


def _unknown(name: str, names: Sequence[str]) -> str:
    if name.lower() in _OF_DESTINATIONS:
        return f'{_NO_OPTION}; it is part of a destination: destinations=["{_EXAMPLE}"]'
    close = _nearest(name, names)
    return f"{_NO_OPTION}; " + (
        f"did you mean {close!r}?" if close else f"the options are {', '.join(names)}"
    )


def _unknown_variable(name: str, names: Sequence[str]) -> str:
    if name in _FUNCTIONS:
        return f"{_NO_OPTION} in the environment: it is a function, so give it in code"
    if name in _OF_DESTINATIONS:
        return f"{_NO_OPTION}; it is part of a destination: {_PREFIX}DESTINATIONS={_EXAMPLE}"
    close = _nearest(name, [each for each in names if each not in _FUNCTIONS])
    if close:
        return f"{_NO_OPTION}; did you mean {_PREFIX}{close.upper()}?"
    return _unknown(name, [each for each in names if each not in _FUNCTIONS])


def _nearest(name: str, names: Sequence[str]) -> str | None:
    return next(iter(difflib.get_close_matches(name.lower(), names, n=1)), None)


def _shown(name: str, value: object) -> object:
    """The value of something misspelt, which may be a secret."""
    return _HIDDEN if _SECRETS.search(name) else value
