"""The system checks, by id."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.checks import run_checks
from django.test import override_settings
from django.urls import include, path

from tests.support.adapters import PLAUSIBLE

MIDDLEWARE = "footfall.django.FootfallMiddleware"


def checks(**settings: Any) -> list[tuple[str, str | None]]:
    with override_settings(**settings):
        found = [message for message in run_checks() if str(message.id).startswith("footfall")]
    return [(str(message.id), message.hint) for message in found]


def test_right_settings_pass_the_checks() -> None:
    assert checks(FOOTFALL={"destinations": [PLAUSIBLE]}, MIDDLEWARE=[MIDDLEWARE]) == []


def test_each_wrong_option_is_an_error_with_its_remedy() -> None:
    found = checks(FOOTFALL={"destinations": [PLAUSIBLE], "exclude": ["admin"], "bot": "skip"})
    assert [check for check, _ in found] == ["footfall.E001", "footfall.E001"]
    assert any("/admin" in (hint or "") for _, hint in found)
    assert any("'bots'" in (hint or "") for _, hint in found)


@pytest.mark.parametrize(
    ("setting", "variable", "spelled"),
    [
        ({"bots": "never"}, "", "FOOTFALL['bots'] = 'never'"),
        ({}, "never", "FOOTFALL_BOTS = 'never'"),
        (PLAUSIBLE, "", f"FOOTFALL = '{PLAUSIBLE}'"),
    ],
    ids=["in the dict", "in the environment", "no dict"],
)
def test_a_wrong_option_is_spelled_as_in_the_settings(
    monkeypatch: pytest.MonkeyPatch, setting: Any, variable: str, spelled: str
) -> None:
    monkeypatch.setenv("FOOTFALL_BOTS", variable)
    with override_settings(FOOTFALL=setting):
        found = [message.msg for message in run_checks() if message.id == "footfall.E001"]
    assert found == [spelled]


class Urls:
    """An URL configuration with a namespace in a namespace, and a pattern without a name."""

    @staticmethod
    def view(request: Any) -> Any:
        raise NotImplementedError

    inner: Any = ([path("", view, name="index"), path("x/", view)], "cart")
    shop: Any = ([path("cart/", include(inner)), path("all/", view, name="all")], "shop")
    urlpatterns = (path("shop/", include(shop)), path("about/", view, name="about"))


NAMES: dict[str, tuple[list[str], list[str | None]]] = {
    "all there are": (["name:shop:cart:index", "name:shop:all", "name:about"], []),
    "one misspelt": (["name:shop:cart:indx"], ['did you mean "name:shop:cart:index"?']),
    "one without its namespace": (["name:index", "name:about"], ['write it as "name:app:view"']),
    "none": (["/admin/**"], []),
}


@pytest.mark.parametrize(("exclude", "hints"), NAMES.values(), ids=NAMES.keys())
def test_a_name_that_no_pattern_has_is_a_warning(
    exclude: list[str], hints: list[str | None]
) -> None:
    with override_settings(FOOTFALL={"exclude": exclude}, ROOT_URLCONF=Urls):
        found = [message for message in run_checks() if message.id == "footfall.W003"]
    assert [message.hint for message in found] == hints


def test_a_missing_middleware_is_a_warning() -> None:
    assert checks(MIDDLEWARE=[]) == [("footfall.W001", f'put "{MIDDLEWARE}" first in MIDDLEWARE')]


def test_a_middleware_installed_twice_is_a_warning() -> None:
    assert [check for check, _ in checks(MIDDLEWARE=[MIDDLEWARE, MIDDLEWARE])] == ["footfall.W002"]
