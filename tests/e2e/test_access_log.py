"""The same visits through a proxy and the middleware, and from the proxy's log: equal verdicts."""

from __future__ import annotations

import json
import re
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final

import httpx2
import pytest

from footfall.cli import main
from tests.conftest import program
from tests.e2e.nginx import Nginx
from tests.e2e.servers import APPS, gunicorn, running
from tests.e2e.started_proxy import started
from tests.support.documents import ROOT
from tests.support.vendors import unused_port, wait_until

FIREFOX: Final = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
NAVIGATION: Final = {
    "accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    "sec-fetch-dest": "document",
    "sec-fetch-mode": "navigate",
    "user-agent": FIREFOX,
}
OLD: Final = {"accept": NAVIGATION["accept"], "user-agent": FIREFOX}
FETCH: Final = {
    "accept": "*/*",
    "sec-fetch-dest": "empty",
    "sec-fetch-mode": "cors",
    "user-agent": FIREFOX,
}
ALICE, BOB = "203.0.113.9", "198.51.100.7"

# Of which a plain log tells enough, and of which it does not.
PLAIN: Final[list[tuple[str, str, dict[str, str]]]] = [
    (ALICE, "/", {**NAVIGATION, "referer": "https://news.ycombinator.com/"}),
    (ALICE, "/pricing?utm_source=mail&token=secret", NAVIGATION),
    (BOB, "/caf%C3%A9/", OLD),
    (BOB, "/cached", NAVIGATION),
    (ALICE, "/asset.js", {**FETCH, "sec-fetch-dest": "script"}),
    (ALICE, "/prices.pdf", NAVIGATION),
    (ALICE, "/moved", NAVIGATION),
    (ALICE, "/missing", NAVIGATION),
    (ALICE, "/broken", NAVIGATION),
    (BOB, "/", {**NAVIGATION, "user-agent": "Mozilla/5.0 (compatible; Googlebot/2.1)"}),
    (BOB, "/", {"user-agent": "curl/8.4.0", "accept": "*/*"}),
    (BOB, "/spam", {**NAVIGATION, "referer": "https://semalt.com/"}),
]
FULL: Final = [
    *PLAIN,
    (ALICE, "/prefetched", {**NAVIGATION, "sec-purpose": "prefetch"}),
    (ALICE, "/fragment", FETCH),
    (ALICE, "/old-fetch", {"accept": "*/*", "user-agent": FIREFOX}),
    (ALICE, "/xhr", {**OLD, "x-requested-with": "XMLHttpRequest"}),
    (ALICE, "/frame", {**NAVIGATION, "sec-fetch-dest": "iframe"}),
    (ALICE, "/docs/node.js", NAVIGATION),
    (ALICE, "/data", NAVIGATION),
    (ALICE, "/download", NAVIGATION),
]
COLUMNS: Final = "name, url, path, referrer, source, utm_source, props, user_agent, browser"


def documented_format() -> str:
    """The log_format that the manual shows."""
    page = (ROOT / "docs" / "access-logs.md").read_text(encoding="utf-8")
    found = re.search(r"^log_format footfall .*?;$", page, re.DOTALL | re.MULTILINE)
    assert found is not None
    return found[0]


def events(file: Path) -> list[tuple[Any, ...]]:
    """The events, with the visitors numbered."""
    query = f"SELECT {COLUMNS}, visitor, session FROM events ORDER BY received_at, id"
    with closing(sqlite3.connect(file)) as connection:
        rows = connection.execute(query).fetchall()
    numbers: dict[str, int] = {}
    return [
        (*row[:-2], *(numbers.setdefault(name, len(numbers)) for name in row[-2:])) for row in rows
    ]


def report(log: Path, file: Path, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    arguments = [str(log), "--domain", "site.test", "--database", str(file), "--json"]
    assert main(["import", *arguments]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


@contextmanager
def nginx_before(app: str, folder: Path, log: Path, name: str) -> Iterator[int]:
    """nginx with a format of its log before an app, and its port."""
    nginx, port = Nginx(folder), unused_port()
    nginx.blocks += [
        documented_format(),
        f"server {{ listen 127.0.0.1:{port}; access_log {log} {name};"
        " set_real_ip_from 127.0.0.1; real_ip_header X-Test-Visitor;"
        f" location = /reasons {{ access_log off; proxy_pass {app}; }}"
        f" location / {{ proxy_pass {app}; proxy_set_header Host site.test;"
        " proxy_set_header X-Forwarded-For $remote_addr; } }",
    ]
    with nginx.running():
        yield port


@contextmanager
def caddy_before(app: str, folder: Path, log: Path) -> Iterator[int]:
    """Caddy before an app, and its port."""
    port, config = unused_port(), folder / "Caddyfile"
    config.write_text(f"""
{{
    admin off
    servers {{
        trusted_proxies static private_ranges
    }}
}}
http://127.0.0.1:{port} {{
    log {{
        output file {log}
        format json
    }}
    log_skip /reasons
    reverse_proxy {app} {{
        header_up Host site.test
    }}
}}
""")
    command = [program("caddy") or "", "run", "--adapter", "caddyfile", "--config", str(config)]
    with started(["env", f"HOME={folder}", *command], port, folder):
        yield port


@pytest.mark.server("gunicorn")
@pytest.mark.parametrize(
    "name",
    [
        pytest.param("footfall", marks=pytest.mark.server("nginx")),
        pytest.param("combined", marks=pytest.mark.server("nginx")),
        pytest.param("caddy", marks=pytest.mark.server("caddy")),
    ],
)
def test_a_log_has_the_verdicts_of_the_middleware(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    visits = PLAIN if name == "combined" else FULL
    own, imported, log = (tmp_path / each for each in ("own.sqlite3", "log.sqlite3", "access.log"))
    # Without reports the reasons are those of the filters, in the app and in the import.
    settings = {
        "FOOTFALL_DESTINATIONS": f"sqlite:///{own}?domain=site.test&every_hit=0",
        "FOOTFALL_BASE_URL": "https://site.test",
    }
    spec = gunicorn("verdicts:wsgi", folder=APPS)
    with running(spec, tmp_path, **settings) as server:
        proxy = (
            caddy_before(server.url, tmp_path, log)
            if name == "caddy"
            else nginx_before(server.url, tmp_path, log, name)
        )
        with proxy as port, httpx2.Client(base_url=f"http://127.0.0.1:{port}") as client:
            client.headers.clear()
            for visitor, target, headers in visits:
                # Each of the two reads one of them.
                address = {"x-test-visitor": visitor, "x-forwarded-for": visitor}
                client.get(target, headers={**headers, **address})
            number = len(visits)
            assert wait_until(lambda: number == sum(reasons(client).values())), reasons(client)
            decided = reasons(client)
            assert wait_until(lambda: len(log.read_bytes().splitlines()) == number)
        server.stop()
    monkeypatch.setenv("FOOTFALL_BASE_URL", settings["FOOTFALL_BASE_URL"])
    found = report(log, imported, capsys)
    assert events(imported) == events(own)
    counted = sum(found["counted"].values())
    skipped = {name: value for name, value in decided.items() if name in found["not_counted"]}
    assert found["not_counted"] == skipped
    assert counted + sum(skipped.values()) == number
    assert found["lines"] == number


def reasons(client: httpx2.Client) -> Counter[str]:
    """How many hits the app has decided, by reason."""
    return Counter(client.get("/reasons").json())
