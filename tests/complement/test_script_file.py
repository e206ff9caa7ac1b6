"""The script as it is served."""

from __future__ import annotations

import gzip
import hashlib
from pathlib import Path

import pytest

from footfall.complement import script_file as module
from footfall.complement.script_file import script_file, source_of
from footfall.config.complement import PARTS, Part

FOLDER = Path(module.__file__).parent

# What the documents promise: of the script alone, and of it with each part.
MAX_BYTES: dict[frozenset[Part], int] = {
    frozenset(): 1_200,
    frozenset({"engagement"}): 1_600,
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


def test_it_is_made_of_the_sources() -> None:
    sources = sorted(each for each in FOLDER.glob("*.js") if not each.name.endswith(".min.js"))
    assert [each.stem for each in sources] == sorted(["script", *PARTS])
    for source in sources:
        digest = hashlib.sha256(source.read_bytes()).hexdigest()
        served = source.with_suffix(".min.js").read_text("ascii")
        head, code = served.split("\n", 1)
        assert head == f"// {source.name} {digest[:12]}", "run `python tools/minify_script.py`"
        assert code.startswith("(()=>{")


def test_the_parts_follow_in_one_order_and_others_are_left_out() -> None:
    codes = [
        (FOLDER / f"{name}.min.js").read_bytes().partition(b"\n")[2] for name in ("script", *PARTS)
    ]
    assert script_file().body == codes[0]
    assert script_file(frozenset(PARTS)).body == b"".join(codes)
    assert source_of(()) == (FOLDER / "script.js").read_bytes()
    assert source_of(PARTS).startswith(source_of(()))
