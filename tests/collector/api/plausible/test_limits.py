"""Pages of a list, and the size of the registry."""

from __future__ import annotations

import httpx2
import pytest

from footfall.collector.storage import sites
from tests.collector.api.plausible.support import SIGNUP, SITE


@pytest.mark.parametrize("limit", ["0", "1001", "x", "-1", "99999999999"])
def test_a_limit_is_a_number_within_bounds(shared: httpx2.Client, limit: str) -> None:
    answer = shared.get("/api/v1/sites", params={"limit": limit})
    assert (answer.status_code, "`limit`" in answer.json()["error"]) == (400, True)


def test_pages_have_the_cursors_of_their_neighbours(http: httpx2.Client) -> None:
    for name in "edcba":
        http.post("/api/v1/sites", json={"domain": f"{name}.test"}).raise_for_status()

    def page(**query: str | int) -> tuple[str, str | None, str | None]:
        found = http.get("/api/v1/sites", params={"limit": 2, **query}).json()
        names = "".join(site["domain"][0] for site in found["sites"])
        return names, found["meta"]["before"], found["meta"]["after"]

    assert page() == ("ab", None, "b.test")
    assert page(after="b.test") == ("cd", "c.test", "d.test")
    assert page(after="d.test") == ("e", "e.test", None)
    assert page(after="e.test") == ("", None, None)
    assert page(before="e.test") == ("cd", "c.test", "d.test")
    assert page(before="b.test") == ("ab", None, "b.test")
    assert page(after="unknown") == ("ab", None, "b.test")


def test_the_registry_is_bounded(http: httpx2.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sites, "MAX_ENTRIES", 1)
    requests: list[tuple[str, str, list[dict[str, str]]]] = [
        ("POST", "", [{"domain": SITE}, {"domain": "b.test"}]),
        ("PUT", "/goals", [SIGNUP, {**SIGNUP, "event_name": "Other"}]),
        ("PUT", "/shared-links", [{"site_id": SITE, "name": each} for each in "ab"]),
        ("PUT", "/custom-props", [{"site_id": SITE, "property": each} for each in "ab"]),
    ]
    for method, path, bodies in requests:
        answers = [http.request(method, f"/api/v1/sites{path}", json=body) for body in bodies]
        assert [answer.status_code for answer in answers] == [200, 400]
        # An existing entry is found all the same.
        if method == "PUT":
            assert http.put(f"/api/v1/sites{path}", json=bodies[0]).status_code == 200
