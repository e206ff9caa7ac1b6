"""The style sheets, scripts and images."""

from __future__ import annotations

import httpx2


def test_each_has_its_type_and_a_tag(http: httpx2.Client) -> None:
    types = {"base.css": "text/css", "live.js": "text/javascript", "mark.svg": "image/svg+xml"}
    for name, media_type in types.items():
        answer = http.get(f"/static/{name}")
        assert answer.status_code == 200
        assert answer.headers["content-type"].partition(";")[0] == media_type
        assert answer.headers["cache-control"] == "private, max-age=300"
        again = http.get(f"/static/{name}", headers={"if-none-match": answer.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        assert http.head(f"/static/{name}").headers["etag"] == answer.headers["etag"]


def test_nothing_else_is_there(http: httpx2.Client) -> None:
    for name in ("nothing.css", "", "../templating.py", "..%2ftemplating.py"):
        assert http.get(f"/static/{name}").status_code == 404
