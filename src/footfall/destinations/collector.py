"""The collector as a destination: events stay on this machine, or on one of yours.

It is spoken to in the wire of Plausible, so that what is tried here first works there unchanged.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit

from footfall.destinations.plausible import Plausible
from footfall.model import Event, Outcome, Request, Response, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Collector:
    """The embedded collector, where `footfall collect` or a mounted collector app listens.

    Args:
        domain: The site to count for; any name will do.
        endpoint: Where the collector listens; `/api/event` is added unless the URL ends in
            `/event`.

    Raises:
        ConfigError: with a fault for each option that cannot work.
    """

    domain: str
    # The default address of `footfall collect`.
    endpoint: str = "http://127.0.0.1:8321"
    _wire: Plausible = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        wire = Plausible(domain=self.domain, endpoint=self.endpoint)
        object.__setattr__(self, "domain", wire.domain)
        object.__setattr__(self, "endpoint", wire.endpoint)
        object.__setattr__(self, "_wire", wire)

    @property
    def name(self) -> str:
        """`collector:example.com@127.0.0.1:8321`."""
        return f"collector:{self.domain}@{urlsplit(self.endpoint).netloc}"

    @property
    def warnings(self) -> tuple[str, ...]:
        """Settings that are allowed and probably not meant, a sentence each."""
        return self._wire.warnings

    def request(self, event: Event) -> Request:
        """The POST for one event, as `Plausible` makes it."""
        return self._wire.request(event)

    def read(self, response: Response) -> Outcome:
        """What became of the event. Never raises, whatever the answer holds."""
        outcome = self._wire.read(response)
        if outcome.verdict is not Verdict.DROPPED:
            return outcome
        return replace(outcome, detail=f"{self.name} threw the event away; its inspector says why.")
