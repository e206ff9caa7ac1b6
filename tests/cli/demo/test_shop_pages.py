"""The pages of the demo's shop."""

from __future__ import annotations

import re

from footfall.cli.demo.shop_pages import ASSETS, ATTEMPTS, LAYOUT, PAGES


def test_every_link_leads_to_a_page_and_nothing_is_fetched_from_elsewhere() -> None:
    texts = [LAYOUT, *(body for _, body in PAGES.values())]
    links = {link for text in texts for link in re.findall(r'(?:href|src)="([^"{]*)"', text)}
    assert links - {*PAGES, *ASSETS} == {"/guide.pdf", "/missing"}
    assert not [text for text in texts if re.search(r"https?://", text)]


def test_what_is_offered_asks_for_pages_and_is_a_button_each() -> None:
    buttons = re.findall(r'action="/try/(\w+)"', PAGES["/"][1])
    assert buttons == [*ATTEMPTS]
    assert {each.path for each in ATTEMPTS.values()} <= {*PAGES}
