"""The optional Django app: checks of the settings, and a link to the dashboard in the admin."""

from contextlib import suppress

from django.apps import AppConfig, apps
from django.core.checks import register

from footfall.config import STAFF, Config
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
            _link_in_admin(settings_tracker().config)


def _link_in_admin(config: Config) -> None:
    """Link from the admin's index, for those who may log in there, unless it has its own look."""
    options = config.dashboard_options
    if options is None or options.allow != STAFF or not apps.is_installed("django.contrib.admin"):
        return
    from django.contrib import admin

    if admin.site.index_template is None:
        admin.site.index_template = "footfall/admin_index.html"
