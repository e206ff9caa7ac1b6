"""With the complement each page that is shown counts once, whatever the visitor does."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from tests.agreement.scenarios import ScenarioRunner
from tests.conftest import program


@pytest.mark.server("chromium")
@pytest.mark.parametrize(
    ("seed", "steps"), [(1, 40), pytest.param(2, 1000, marks=pytest.mark.long)]
)
def test_each_page_that_is_shown_counts_once(runner: ScenarioRunner, seed: int, steps: int) -> None:
    shown, counted, done = runner.walk(seed, steps)
    assert (shown - counted, counted - shown) == (Counter(), Counter()), "\n".join(done)


@pytest.mark.long
@pytest.mark.server("chromium", "firefox-esr")
def test_so_it_is_in_firefox(runner: ScenarioRunner, tmp_path: Path) -> None:
    firefox = program("firefox-esr")
    assert firefox is not None
    shown, counted, done = runner.walk_in_firefox(firefox, tmp_path / "profile", 3, 300)
    assert (shown - counted, counted - shown) == (Counter(), Counter()), "\n".join(done)
