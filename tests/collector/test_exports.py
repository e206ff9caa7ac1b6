"""The names that `footfall.collector` exports, and its error without the extra."""

from __future__ import annotations

import pytest

import footfall.collector


@pytest.mark.parametrize(
    ("missing", "is_the_extra"), [("starlette.routing", True), ("footfall.collector.app", False)]
)
def test_only_a_missing_extra_is_reported_as_one(
    monkeypatch: pytest.MonkeyPatch, missing: str, is_the_extra: bool
) -> None:
    def fail(name: str) -> None:
        raise ModuleNotFoundError(f"No module named {missing!r}", name=missing)

    monkeypatch.setattr("importlib.import_module", fail)
    with pytest.raises(ModuleNotFoundError) as caught:
        _ = footfall.collector.create_app
    assert (str(caught.value) == footfall.collector.MISSING) == is_the_extra


def test_the_collector_exports_no_other_names() -> None:
    assert sorted(footfall.collector.__all__) == footfall.collector.__all__
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = footfall.collector.nothing  # type: ignore[attr-defined]
