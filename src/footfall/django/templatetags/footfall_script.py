"""The tag `{% footfall_script %}`: the complement's script, for the head of a page."""

from __future__ import annotations

from django import template
from django.urls import get_script_prefix

from footfall.complement.script_tag import tag_of
from footfall.django.middleware import settings_tracker

register = template.Library()


@register.simple_tag
def footfall_script(nonce: object = None) -> str:
    """The script tag; empty where there is no complement.

    Args:
        nonce: The one of the page's Content-Security-Policy, such as `request.csp_nonce`.
    """
    return tag_of(settings_tracker(), nonce, get_script_prefix().rstrip("/"))
