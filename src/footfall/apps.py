"""Where Django looks for the app that INSTALLED_APPS calls `footfall`: it is `footfall.django`."""

from footfall.django.apps import FootfallConfig

__all__ = ["FootfallConfig"]
