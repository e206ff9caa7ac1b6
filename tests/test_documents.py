"""The documents for contributors stay true: what they name is there, and what is there is named."""

from __future__ import annotations

import ast
import itertools
import json
import re
import sys
import tomllib
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, Final

import pytest

import footfall
from footfall import destinations
from footfall.destinations import Destination, destination_from
from footfall.destinations._dsn import _VENDORS
from footfall.model import OutcomeKind, Response, Visitor
from footfall.testing import capture
from footfall.tracker import Tracker
from tests.support.adapters import CHROME, PLAUSIBLE, call_asgi, navigation
from tests.support.documents import TEXTS, mistakes, parts_of
from tests.support.faults import Scripted
from tests.support.vendors import wait_until

TESTS: Final = Path(__file__).parent
ROOT: Final = TESTS.parent

# `fault(17, ...)`, `def test_38_...` and the ids of servers and variants, such as "31-uvicorn".
CITATION: Final = re.compile(r"""\bfault\((\d+),|\bdef test_(\d+)_|["'](\d{1,2})-[a-z{]""")


def cited_faults() -> set[int]:
    text = "\n".join(path.read_text(encoding="utf-8") for path in TESTS.rglob("*.py"))
    return {int(number) for found in CITATION.findall(text) for number in found if number}


def test_every_fault_that_a_test_cites_is_in_the_catalogue() -> None:
    catalogue = (TESTS / "FAULTS.md").read_text(encoding="utf-8")
    numbers = [int(number) for number in re.findall(r"^\| (\d+) \|", catalogue, re.MULTILINE)]
    assert len({*numbers}) == len(numbers)
    assert cited_faults() - {*numbers} == set()


ARCHITECTURE: Final = (ROOT / "docs" / "contributing" / "architecture.md").read_text("utf-8")


def described_files() -> list[str]:
    """The files of the tables in architecture.md, each with its folder."""
    files = []
    for section in ARCHITECTURE.split("\n### `")[1:]:
        folder, _, text = section.partition("`")
        files += [folder + name for name in re.findall(r"^\| `([\w.]+)` \|", text, re.MULTILINE)]
    return files


def test_every_module_is_described_in_the_architecture() -> None:
    source = ROOT / "src" / "footfall"
    modules = {
        path.relative_to(ROOT).as_posix()
        for path in source.rglob("*.py")
        if path.name != "__init__.py" or path.parent == source
    }
    folders = {
        f"{path.parent.relative_to(ROOT).as_posix()}/" for path in source.rglob("__init__.py")
    }
    described = described_files()
    assert modules - {*described} == set()
    assert {*described} - modules == set()
    assert len(described) == len(modules)
    assert {*re.findall(r"^### `(.+)`$", ARCHITECTURE, re.MULTILINE)} == folders


def layers() -> list[str]:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts: list[dict[str, Any]] = settings["tool"]["importlinter"]["contracts"]
    [found] = [each["layers"] for each in contracts if each.get("containers") == ["footfall"]]
    return [*found]


def test_the_layers_are_those_that_are_enforced() -> None:
    assert "```\n" + "\n".join(layers()) + "\n```" in ARCHITECTURE


# A path in backticks: it has a slash or a known extension, and no placeholder.
PATH: Final = re.compile(r"`((?:[\w.-]+/)+[\w.-]*|[\w-]+\.(?:py|md|toml|ini|yaml))`")
# What the examples and the build of CONTRIBUTING.md would add.
INVENTED: Final = re.compile(r"tally|quart|^dist/")
DOCUMENTS: Final = [
    "CONTRIBUTING.md",
    "SECURITY.md",
    "docs/contributing/architecture.md",
    "docs/destinations.md",
    "docs/relay.md",
    "docs/serverless.md",
    "docs/servers.md",
    "tests/FAULTS.md",
]


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_path_that_it_names_exists(document: str) -> None:
    text = (ROOT / document).read_text(encoding="utf-8")
    named = {path for path in PATH.findall(text) if not INVENTED.search(path)}
    places = [ROOT, ROOT / "src" / "footfall", *(path.parent for path in ROOT.rglob("src/**/*.py"))]
    missing = {path for path in named if not any((place / path).exists() for place in places)}
    assert missing == set()


def anchors(path: Path) -> set[str]:
    """The fragments of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", each.lower()).replace(" ", "-") for each in headings}


@pytest.mark.parametrize("name", TEXTS)
def test_every_link_leads_somewhere(name: str) -> None:
    page = ROOT / name
    for link in re.findall(r"\]\(([^)\s]+)\)", TEXTS[name]):
        if re.match(r"https?://", link):
            continue
        target, _, fragment = link.partition("#")
        path = (page.parent / target).resolve() if target else page
        assert path.exists(), link
        assert not fragment or fragment in anchors(path), link


DESTINATIONS: Final = (ROOT / "docs" / "destinations.md").read_text("utf-8")


def usable(line: str) -> Destination:
    """The destination of a line, with ids and a password in place of its words for them."""
    words = {
        "PROJECT_ID": "aUn1quEid-33",
        "WEBSITE_ID": "6a1f4bc2-7c3e-4a65-8f04-9d0e7f3b5c88",
        "PASSWORD": "sixteen-letters!",
    }
    return destination_from(re.sub("|".join(words), lambda word: words[word[0]], line))


def described_destinations() -> dict[str, tuple[Destination, list[str]]]:
    """The destination of each line in the table, and what the table says of it, by its scheme."""
    rows = re.findall(r"^\| \w+ \| `((\w+)://.+?)` \| (.+) \|$", DESTINATIONS, re.MULTILINE)
    return {scheme: (usable(line), cells.split(" | ")) for line, scheme, cells in rows}


def test_the_table_of_destinations_is_that_of_the_code() -> None:
    described = described_destinations()
    assert described.keys() == _VENDORS.keys()
    for name, (destination, (number, own_time, *_)) in described.items():
        assert int(number.partition(";")[0]) == getattr(destination, "max_batch", 1), name
        assert (own_time == "yes") is getattr(destination, "backdates", False), name


@pytest.mark.parametrize("line", re.findall(r"^\w+(?:\+http)?://.+$", DESTINATIONS, re.MULTILINE))
def test_every_line_of_a_destination_can_be_used(line: str) -> None:
    assert usable(line).name.startswith(re.split(r"\W", line)[0])


def test_the_reference_has_every_public_name() -> None:
    text = (ROOT / "docs" / "api.md").read_text("utf-8")
    classes = [name for name in destinations.__all__ if re.fullmatch("[A-Z][A-Za-z]+", name)]
    documented = {*re.findall(r"^\.\. auto\w+:: (?:\w+\.)*(\w+)$", text, re.MULTILINE)}
    assert {*footfall.__all__, *classes} - documented == set()


# -- what "My dashboard is empty" quotes of the log --------------------------------------------

QUOTES: Final = [
    *dict.fromkeys(
        (
            *re.findall(r"^> (.+)$", TEXTS["docs/troubleshooting.md"], re.MULTILINE),
            *itertools.chain.from_iterable(mistakes().values()),
        )
    )
]


@pytest.fixture(scope="module")
def texts_of_the_code() -> str:
    """Every text of the package's code, and the parts of those that hold values."""
    texts = (
        node.value
        for path in (ROOT / "src" / "footfall").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    )
    return "\0".join(texts)


@pytest.mark.parametrize("quote", QUOTES)
def test_a_quoted_line_is_in_the_code(quote: str, texts_of_the_code: str) -> None:
    """If not, correct the quote in `docs/troubleshooting.md`; `...` stands for a value."""
    parts = parts_of(quote)
    assert parts
    assert [part for part in parts if part not in texts_of_the_code] == []


def test_many_lines_are_quoted() -> None:
    assert len(QUOTES) > 25


CONTRIBUTING: Final = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
HTML_TYPE: Final = (b"content-type", b"text/html")
EXCERPTS: Final = re.findall(r"In `(\S+)`:\n\n```\n(.*?)```", CONTRIBUTING, re.DOTALL)
NEW_FILES: Final = dict(
    re.findall(r"New file `(\S+)`:\n\n```python\n(.*?)```", CONTRIBUTING, re.DOTALL)
)


@pytest.mark.parametrize(("path", "code"), EXCERPTS, ids=[Path(path).stem for path, _ in EXCERPTS])
def test_an_excerpt_is_in_its_file(path: str, code: str) -> None:
    assert code in (ROOT / path).read_text("utf-8")


def new_class(path: str, name: str) -> Any:
    """A class of a file that the document shows."""
    module = ModuleType(Path(path).stem)
    sys.modules[module.__name__] = module  # dataclasses look their module up
    try:
        exec(compile(NEW_FILES[path], path, "exec"), vars(module))
    finally:
        del sys.modules[module.__name__]
    return vars(module)[name]


def test_the_destination_that_it_shows_works() -> None:
    tally = new_class("src/footfall/destinations/tally.py", "Tally")
    site = tally(site="shop", endpoint="https://stats.example.com")
    visitor = Visitor(client_ip="203.0.113.7", user_agent=CHROME)
    transport = Scripted()
    tracker = Tracker.from_options({"destinations": [site], "transport": transport}, environ={})
    tracker.track("Signup", url="https://example.com/", visitor=visitor)
    assert wait_until(lambda: tracker.stats()["destinations"]["tally:shop"]["accepted"] == 1)
    [request] = transport.requests
    assert request.url == "https://stats.example.com/v1/events"
    assert request.headers["x-forwarded-for"] == "203.0.113.7"
    assert json.loads(request.body) == {
        "site": "shop",
        "event": "Signup",
        "url": "https://example.com/",
    }
    assert site.read(Response(status=503)).kind is OutcomeKind.RETRY


def test_the_adapter_that_it_shows_works() -> None:
    async def asgi_app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [HTML_TYPE]})
        await send({"type": "http.response.body", "body": b""})

    app = SimpleNamespace(config={"FOOTFALL": {}}, extensions={}, asgi_app=asgi_app)
    with capture() as outbox:
        new_class("src/footfall/quart.py", "Footfall")(app, destinations=[PLAUSIBLE])
        assert call_asgi(app.asgi_app, navigation("/page")).status == 200
    assert [event.url for event in outbox] == ["https://example.com/page"]
    assert app.extensions["footfall"].is_active


def test_every_new_file_that_it_shows_is_tested() -> None:
    assert {*NEW_FILES} == {"src/footfall/destinations/tally.py", "src/footfall/quart.py"}
