"""The tools of `footfall mcp`, and a real client of the protocol over stdio."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from footfall.cli.mcp.source import AgentSource, open_source
from footfall.cli.mcp.tools import AgentTools
from footfall.collector import CollectorServer
from footfall.destinations import Collector, SQLite
from footfall.tracker import Tracker, process_hooks
from tests.support.adapters import navigation
from tests.support.hit_reports import BOT, visit

TOKEN: Final = "the-token-of-this-collector"
ADDRESS: Final = "203.0.113.9"


@pytest.fixture(scope="module")
def collector(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CollectorServer]:
    """A collector with a token, to which an app has reported a page and a bot's."""
    file = tmp_path_factory.mktemp("collector") / "footfall.sqlite3"
    with CollectorServer(file, token=TOKEN) as running:
        destination = Collector(domain="a.test", endpoint=running.url, token=TOKEN)
        tracker = Tracker.from_options({"destinations": destination}, environ={})
        forwarded = {"X-Forwarded-For": ADDRESS, "Host": "a.test"}
        visit(
            tracker,
            navigation("/pricing", headers=forwarded),
            navigation("/pricing", headers={**forwarded, **BOT}),
        )
        tracker.close()
        # It is of no test, after which it would be stopped.
        process_hooks.unregister(tracker)
        yield running


def source_of(**options: Any) -> AgentSource:
    values = {"collector": None, "database": None, "site": None, "token": None, "stats_key": None}
    return open_source(base_url="https://plausible.io", **{**values, **options})


def without_personal(found: object) -> bool:
    text = json.dumps(found)
    return ADDRESS not in text and TOKEN not in text and "Mozilla" not in text


@pytest.fixture(scope="module")
def tools(collector: CollectorServer) -> Iterator[AgentTools]:
    with source_of(collector=collector.url, token=TOKEN) as source:
        yield AgentTools(source, [])


def test_figures_are_those_of_the_stats_api(tools: AgentTools) -> None:
    assert tools.list_sites() == {"sites": ["a.test"]}
    found = tools.query_stats("a.test", ["visitors"], "day", ["event:page"])
    assert found["rows"] == [{"event:page": "/pricing", "visitors": 1}]
    assert tools.visitors_now("a.test") == {"visitors": 1}


def test_hits_are_listed_and_explained_without_who_it_was(tools: AgentTools) -> None:
    found = tools.recent_hits(path="/pricing")["hits"]
    assert [(each["kind"], each["counted"], each["reason"]) for each in found] == [
        ("event", True, None),
        ("hit", False, "bot"),
    ]
    [bot] = tools.recent_hits(counted=False)["hits"]
    explained = tools.explain_hit("hit", bot["id"])
    assert explained["steps"][-1]["rule"] == "A.5 bot"
    assert explained["why"].startswith("The User-Agent is a bot's")
    assert 'bots="count"' in explained["remedy"]
    assert tools.recent_hits(reason="prefetch") == {"hits": []}
    assert without_personal([found, explained])
    assert without_personal(tools.explain_hit("event", found[0]["id"]))


def test_what_cannot_be_is_an_error_that_says_what(tools: AgentTools) -> None:
    with pytest.raises(ValueError, match="no hit 999 any more"):
        tools.explain_hit("hit", 999)
    with pytest.raises(ValueError, match='kind is "event" or "hit"'):
        tools.explain_hit("../sites", 1)
    with pytest.raises(ValueError, match="method is a word"):
        tools.explain_request("https://a.test/", method="--app=x:y")
    with pytest.raises(ValueError, match="url is absolute"):
        tools.explain_request("--config=/etc/passwd")


def test_a_file_is_read_without_a_server_and_stays_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "footfall.sqlite3"
    tracker = Tracker.from_options(
        {"destinations": SQLite(path=str(file), domain="a.test")}, environ={}
    )
    visit(tracker, navigation("/about", headers={"Host": "a.test"}))
    tracker.close()
    before = file.read_bytes()
    with source_of(database=str(file)) as source:
        tools = AgentTools(source, [])
        assert tools.query_stats("a.test", ["pageviews"], "day")["rows"] == [{"pageviews": 1}]
        assert [each["path"] for each in tools.recent_hits()["hits"]] == ["/about"]
    assert file.read_bytes() == before


def test_of_plausible_one_site_is_read_and_no_hit(collector: CollectorServer) -> None:
    options = {"site": "a.test", "stats_key": TOKEN}
    with open_source(
        collector=None, database=None, base_url=collector.url, token=None, **options
    ) as source:
        tools = AgentTools(source, [])
        assert tools.list_sites() == {"sites": ["a.test"]}
        assert tools.query_stats("a.test", ["visitors"], "day")["rows"] == [{"visitors": 1}]
        with pytest.raises(ValueError, match=r"only a\.test"):
            tools.visitors_now("b.test")
        with pytest.raises(ValueError, match="Plausible keeps no hits"):
            tools.recent_hits()


# -- over the protocol -------------------------------------------------------------------------

APP: Final = f"""
import sys
print("an app that prints")
from footfall import wsgi
app = wsgi.FootfallMiddleware(
    lambda environ, start: [], destinations="collector://{TOKEN}@stats.invalid/a.test"
)
"""

CALLS: Final[tuple[tuple[str, dict[str, Any]], ...]] = (
    ("list_sites", {}),
    ("query_stats", {"site": "a.test", "dimensions": ["event:page"], "date_range": "day"}),
    ("query_stats", {"site": TOKEN, "metrics": ["none"]}),
    ("recent_hits", {}),
    ("explain_request", {"url": "https://a.test/", "headers": {"User-Agent": "Googlebot/2.1"}}),
    ("check_setup", {}),
    ("explain_request", {"url": f"ftp://{TOKEN}/"}),
)


async def answers_of(url: str, folder: Path) -> tuple[list[Any], list[tuple[bool, str]]]:
    """The tools that a client of the protocol sees, and the results of `CALLS` with it."""
    from mcp import Client, StdioServerParameters, stdio_client

    server = StdioServerParameters(
        command=sys.executable,
        args=["-m", "footfall", "mcp", "--collector", url, "--app", "shop:app"],
        env={"FOOTFALL_COLLECTOR_TOKEN": TOKEN},
        cwd=folder,
    )
    # Its default is what standard error was when it was imported, such as a capturing test's.
    with (folder / "log").open("w") as log:
        async with Client(stdio_client(server, errlog=log)) as client:
            tools = (await client.list_tools()).tools
            results = await asyncio.gather(*(client.call_tool(*call) for call in CALLS))
    return tools, [(each.is_error, each.content[0].text) for each in results]


def test_a_client_reads_everything_and_sees_no_key(
    collector: CollectorServer, tmp_path: Path
) -> None:
    pytest.importorskip("mcp")
    (tmp_path / "shop.py").write_text(APP)
    tools, answers = asyncio.run(answers_of(collector.url, tmp_path))
    assert all(tool.annotations.read_only_hint and tool.description for tool in tools)
    assert {name for name, _ in CALLS} <= {tool.name for tool in tools}
    parameters = {name for tool in tools for name in tool.input_schema["properties"]}
    assert not {name for name in parameters if "token" in name or "key" in name}

    assert [is_error for is_error, _ in answers] == [False, False, True, False, False, False, True]
    sites, figures, refusal, hits, explained, checked, no_url = [text for _, text in answers]
    assert json.loads(sites) == {"sites": ["a.test"]}
    assert json.loads(figures)["rows"][0]["event:page"] == "/pricing"
    assert len(json.loads(hits)["hits"]) == 2
    assert json.loads(explained)["reason"] == "bot"
    assert json.loads(checked)["settings"] == "the app shop:app"
    assert "url is absolute" in no_url
    assert refusal
    assert TOKEN not in "".join(text for _, text in answers)
