"""The optional Django app: with it, `manage.py check` explains mistakes in the settings."""

from contextlib import suppress

from django.apps import AppConfig
from django.core.checks import register

from footfall.django import checks
from footfall.django.middleware import settings_tracker
from footfall.errors import ConfigError


class FootfallConfig(AppConfig):
    name = "footfall.django"
    label = "footfall"
    verbose_name = "footfall"

    def ready(self) -> None:
        register(checks.check_options)
        register(checks.check_middleware)
        register(checks.check_active)
        register(checks.check_deployment, deploy=True)
        # Beside Django's own checks of the URLs, which load them too.
        register(checks.check_names, "urls")
        # Task workers and commands track too, and never make the middleware. The checks and the
        # middleware report what is wrong with the settings.
        with suppress(ConfigError):
            settings_tracker()
