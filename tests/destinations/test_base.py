"""What can be asked of any destination: whether it is local, and the cause of a drop."""

from __future__ import annotations

import pytest

from footfall.destinations import Collector, Destination, explained, is_local
from footfall.model import ACCEPTED, Outcome, OutcomeKind
from tests.destinations.support import PAGEVIEW, PLAUSIBLE, OwnDestination


@pytest.mark.parametrize(
    ("endpoint", "stays"),
    [
        ("http://127.0.0.1:8321", True),
        ("http://127.8.9.1", True),
        ("http://localhost:8321", True),
        ("http://stats.localhost.", True),
        ("http://[::1]:8321", True),
        ("http://[::ffff:127.0.0.1]", True),
        ("http://[2001:db8::1]", False),
        ("http://10.0.0.1", False),
        ("https://localhost.example.com", False),
        ("https://plausible.io", False),
    ],
)
def test_only_a_loopback_endpoint_keeps_events_on_this_machine(endpoint: str, stays: bool) -> None:
    assert is_local(Collector(domain="example.com", endpoint=endpoint)) is stays


@pytest.mark.parametrize("endpoint", ["memory", "", "http://[::1"])
def test_an_endpoint_without_a_host_is_not_known_to_stay_here(endpoint: str) -> None:
    destination = OwnDestination()
    destination.endpoint = endpoint

    assert not is_local(destination)


DROPPED = Outcome(kind=OutcomeKind.DROPPED, detail="it threw an event away")


def test_a_drop_is_explained_where_the_destination_knows_causes() -> None:
    outcome = explained(PLAUSIBLE, DROPPED, PAGEVIEW, has_kept=False)

    assert outcome.log_key == "unknown_site"
    assert outcome.detail.startswith("it threw an event away. Most likely it knows no site")


@pytest.mark.parametrize(
    ("destination", "outcome"),
    [(OwnDestination(), DROPPED), (PLAUSIBLE, ACCEPTED)],
    ids=["no causes known", "no drop"],
)
def test_any_other_outcome_stays_as_it_is(destination: Destination, outcome: Outcome) -> None:
    assert explained(destination, outcome, PAGEVIEW, has_kept=False) is outcome
