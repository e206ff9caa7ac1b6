"""A decision reads the listed headers, all of them, and no other."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given

from footfall.model import Hit
from footfall.rules.pageview import REQUEST_HEADERS, RESPONSE_HEADERS, PageviewOptions, decide
from tests.rules.pageview.strategies import HITS, OPTIONS
from tests.rules.pageview.tables import ROWS
from tests.support.header_sets import without


def picked(hit: Hit) -> Hit:
    """The hit with only those headers that an adapter would pick for a decision."""
    return replace(
        hit,
        headers={name: text for name, text in hit.headers.items() if name in REQUEST_HEADERS},
        response_headers={
            name: text for name, text in hit.response_headers.items() if name in RESPONSE_HEADERS
        },
    )


def test_no_other_header_matters() -> None:
    for hit, _, options in ROWS.values():
        assert decide(picked(hit), options) == decide(hit, options)


def test_every_picked_header_matters_somewhere() -> None:
    idle = set(REQUEST_HEADERS | RESPONSE_HEADERS)
    for hit, _, options in ROWS.values():
        decision = decide(hit, options)
        for name in hit.headers.keys() & idle:
            changed = replace(hit, headers=without(hit.headers, name))
            if decide(changed, options) != decision:
                idle.remove(name)
        for name in hit.response_headers.keys() & idle:
            changed = replace(hit, response_headers=without(hit.response_headers, name))
            if decide(changed, options) != decision:
                idle.remove(name)

    assert idle == set()


@given(HITS, OPTIONS)
def test_other_headers_of_any_hit_do_not_matter(hit: Hit, options: PageviewOptions) -> None:
    assert decide(picked(hit), options) == decide(hit, options)
