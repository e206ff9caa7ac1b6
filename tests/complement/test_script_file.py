"""The script as it is served."""

from __future__ import annotations

import gzip
import hashlib

from footfall.complement.script_file import SOURCE_FILE, script_file

# What the documents promise.
MAX_COMPRESSED_BYTES = 1_200


def test_it_is_small() -> None:
    script = script_file()
    assert gzip.decompress(script.compressed) == script.body
    assert len(script.compressed) <= MAX_COMPRESSED_BYTES


def test_its_name_is_that_of_its_content() -> None:
    script = script_file()
    digest = hashlib.sha256(script.body).hexdigest()
    assert script.name == f"c.{digest[:12]}.js"
    assert script == script_file()


def test_it_is_made_of_the_source() -> None:
    digest = hashlib.sha256(SOURCE_FILE.read_bytes()).hexdigest()
    head, code = SOURCE_FILE.with_suffix(".min.js").read_text("ascii").split("\n", 1)
    assert head == f"// script.js {digest[:12]}", "run `python tools/minify_script.py`"
    assert code.startswith("(()=>{")
    assert script_file().body == code.encode()
