"""`"footfall"` in INSTALLED_APPS."""

from __future__ import annotations

from django.apps import AppConfig


def test_the_package_itself_is_the_same_app() -> None:
    by_package, by_adapter = (AppConfig.create(name) for name in ("footfall", "footfall.django"))
    assert type(by_package) is type(by_adapter)
    assert by_package.name == "footfall.django"
