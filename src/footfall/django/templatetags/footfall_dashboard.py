"""The tag `{% footfall_dashboard %}`: the address of the dashboard, for a link in a template."""

from __future__ import annotations

from django import template
from django.urls import get_script_prefix

from footfall.django.dashboard import settings_dashboard

register = template.Library()


@register.simple_tag
def footfall_dashboard() -> str:
    """The path of the dashboard as a browser has it; empty where there is none."""
    dashboard = settings_dashboard()
    return "" if dashboard is None else f"{get_script_prefix().rstrip('/')}{dashboard.path}/"
