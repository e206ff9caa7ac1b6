"""The optional Django app: with it, `manage.py check` explains mistakes in the settings."""

from django.apps import AppConfig
from django.core.checks import register

from footfall.django import checks


class FootfallConfig(AppConfig):
    name = "footfall.django"
    label = "footfall"
    verbose_name = "footfall"

    def ready(self) -> None:
        register(checks.check_options)
        register(checks.check_middleware)
