"""The script as it is served."""

from __future__ import annotations

import gzip
import hashlib
from pathlib import Path

import pytest

from footfall.complement import script_file as module
from footfall.complement.script_file import FOLLOWING, INSERTS, script_file, source_of
from footfall.config.complement import PARTS, Part

FOLDER = Path(module.__file__).parent

# What the documents promise: of the script alone, and of it with each part.
MAX_BYTES: dict[frozenset[Part], int] = {
    frozenset(): 1_200,
    frozenset({"engagement"}): 1_600,
    frozenset({"heartbeat"}): 1_300,
    frozenset({"window"}): 1_300,
    frozenset({"hash_routes"}): 1_300,
    frozenset(PARTS): 1_800,
}


@pytest.mark.parametrize("parts", MAX_BYTES, ids=sorted)
def test_it_is_small(parts: frozenset[Part]) -> None:
    script = script_file(parts)
    assert gzip.decompress(script.compressed) == script.body
    assert len(script.compressed) <= MAX_BYTES[parts]


def test_its_name_is_that_of_its_content() -> None:
    scripts = [script_file(parts) for parts in MAX_BYTES]
    for script in scripts:
        digest = hashlib.sha256(script.body).hexdigest()
        assert script.name == f"c.{digest[:12]}.js"
    assert len({script.name for script in scripts}) == len(scripts)


SOURCES: dict[str, frozenset[Part]] = {
    "script": frozenset(),
    "script.window": frozenset({"window"}),
    "script.hash_routes": frozenset({"hash_routes"}),
    "script.window.hash_routes": frozenset({"window", "hash_routes"}),
    "engagement": frozenset({"engagement"}),
    "heartbeat": frozenset({"heartbeat"}),
}


def code_of(name: str) -> bytes:
    return (FOLDER / f"{name}.min.js").read_bytes().partition(b"\n")[2]


@pytest.mark.parametrize(("name", "parts"), SOURCES.items())
def test_it_is_made_of_the_sources(name: str, parts: frozenset[Part]) -> None:
    source = source_of(parts)
    if not name.startswith("script"):
        source = source.removeprefix(source_of(()))
    digest = hashlib.sha256(source).hexdigest()
    head = (FOLDER / f"{name}.min.js").read_text("ascii").partition("\n")[0]
    assert head == f"// {name}.js {digest[:12]}", "run `python tools/minify_script.py`"
    assert code_of(name).startswith(b"(()=>{")


def test_there_are_no_other_files() -> None:
    files = {each.name for each in FOLDER.glob("*.js")}
    assert files == {f"{name}.min.js" for name in SOURCES} | {
        *("script.js", "window.js", "hash_routes.js", "engagement.js", "heartbeat.js")
    }


def test_parts_that_are_off_are_not_in_it() -> None:
    assert script_file().body == code_of("script")
    assert b"innerWidth" not in script_file().body
    names = ("script.window.hash_routes", "engagement", "heartbeat")
    assert script_file(frozenset(PARTS)).body == b"".join(map(code_of, names))
    for part in INSERTS:
        mark = f"/* {part}.js */".encode()
        assert source_of(()).count(mark) == 1
        assert mark not in source_of(PARTS)
    assert {*INSERTS, *FOLLOWING} == {*PARTS}
