"""With the complement each page that is shown counts once, whatever the visitor does."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.agreement.scenarios import ScenarioRunner


@pytest.mark.server("chromium")
@pytest.mark.parametrize(
    ("seed", "steps"), [(1, 60), pytest.param(2, 1000, marks=pytest.mark.long)]
)
def test_each_page_that_is_shown_counts_once(runner: ScenarioRunner, seed: int, steps: int) -> None:
    shown, counted, done = runner.walk(seed, steps)
    assert (shown - counted, counted - shown) == (Counter(), Counter()), "\n".join(done)
