"""The limit of open files."""

from __future__ import annotations

import sys

import pytest

from footfall.collector.open_files import possible_connections, raise_limit

if sys.platform == "win32":
    pytest.skip("Windows has no such limit", allow_module_level=True)
import resource

Limits = tuple[int, int]
UNLIMITED = resource.RLIM_INFINITY


@pytest.fixture
def limits(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> list[Limits]:
    """The limits of this process, which are not really set."""
    found: list[Limits] = [request.param]
    monkeypatch.setattr(resource, "getrlimit", lambda which: found[-1])
    monkeypatch.setattr(resource, "setrlimit", lambda which, limits: found.append(limits))
    return found


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        ((1_024, 524_288), [(1_024, 524_288), (1_080, 524_288)]),
        ((1_024, 1_040), [(1_024, 1_040), (1_040, 1_040)]),
        ((256, UNLIMITED), [(256, UNLIMITED), (1_080, UNLIMITED)]),
        ((4_096, 4_096), [(4_096, 4_096)]),
        ((UNLIMITED, UNLIMITED), [(UNLIMITED, UNLIMITED)]),
    ],
    indirect=["limits"],
)
def test_the_limit_is_raised_as_far_as_needed_and_possible(
    limits: list[Limits], expected: list[Limits]
) -> None:
    raise_limit(1_000)
    assert limits == expected


@pytest.mark.parametrize(
    ("limits", "expected"),
    [((128, 128), 48), ((50, 50), 1), ((1_080, 1_080), 1_000), ((UNLIMITED, UNLIMITED), 1_000)],
    indirect=["limits"],
)
def test_the_limit_bounds_the_connections(limits: list[Limits], expected: int) -> None:
    assert possible_connections(1_000) == expected
