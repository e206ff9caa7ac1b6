"""What `footfall check` finds, as lines while it works or as one JSON object at its end."""

from __future__ import annotations

from typing import Any

from footfall.cli.terminal import say, say_json
from footfall.common.printable import escaped

VERSION = 1
"""The version of the JSON object; docs/schemas/check.json describes it."""


class CheckReport:
    """Collects what is found, and prints it.

    Args:
        is_json: Whether all of it is printed at the end, for programs.
    """

    def __init__(self, *, is_json: bool) -> None:
        self._is_json = is_json
        self.is_ok = True
        self._steps: list[dict[str, Any]] = []
        self._found: dict[str, Any] = {
            "version": VERSION,
            "ok": True,
            "settings": None,
            "findings": [],
            "destinations": [],
            "client_ip": None,
        }

    def begin_settings(self, origin: str) -> None:
        """What follows is about the settings from `origin`."""
        self._found["settings"] = origin
        self._say(f"Settings: {origin}")

    def finding(self, check: str, text: str, remedy: str) -> None:
        """Something is wrong with the settings."""
        self._found["findings"].append({"id": check, "text": text, "remedy": remedy})
        self._line(check, text, remedy=remedy, is_ok=False)

    def begin_destination(self, name: str, endpoint: str) -> None:
        """What follows are the steps of this destination."""
        self._steps = []
        place = {"name": name, "endpoint": endpoint, "steps": self._steps}
        self._found["destinations"].append(place)
        self._say(f"{name} at {endpoint}")

    def step(self, name: str, text: str, *, is_ok: bool = True, remedy: str = "") -> None:
        """What a step on the way of an event to the destination showed."""
        self._steps.append({"name": name, "ok": is_ok, "text": text, "remedy": remedy})
        self._line(name, text, remedy=remedy, is_ok=is_ok)

    def setup(self, text: str) -> None:
        """What creates that which a step says is missing: lines to copy."""
        self._steps.append({"name": "set-up", "ok": False, "text": text, "remedy": ""})
        for line in text.splitlines():
            self._say(line)

    def client_ip(self, found: dict[str, Any], text: str) -> None:
        """Which address would count: `found` has `ok` and `remedy`, `text` says it to a person."""
        self._found["client_ip"] = found
        self._say("Visitor's address")
        self._line("", text, remedy=found["remedy"], is_ok=found["ok"])

    def end(self) -> bool:
        """Print what has not been printed, and whether all is well, which it returns."""
        if self._is_json:
            say_json({**self._found, "ok": self.is_ok})
        elif self.is_ok:
            say("All is well.", style="good")
        return self.is_ok

    def _say(self, text: str) -> None:
        if not self._is_json:
            say(escaped(text), flush=True)

    def _line(self, name: str, text: str, *, remedy: str, is_ok: bool) -> None:
        self.is_ok = self.is_ok and is_ok
        if self._is_json:
            return
        for number, line in enumerate(text.splitlines() or [""]):
            shown = f"  {'' if number else name:<10} {escaped(line)}".rstrip()
            say(shown, style="" if is_ok else "bad", flush=True)
        if remedy:
            say(f"  {'':<10} {escaped(remedy)}", flush=True)
