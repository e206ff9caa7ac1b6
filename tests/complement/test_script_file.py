"""The script as it is served."""

from __future__ import annotations

import gzip
import hashlib

from footfall.complement.script_file import SOURCE_FILE, minified, script_file

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


def test_it_has_no_comment_and_no_long_name() -> None:
    text = minified(SOURCE_FILE.read_text(encoding="utf-8"))
    assert "//" not in text
    assert text.isascii()
    assert "isTurbo" not in text


def test_names_become_short_and_properties_stay() -> None:
    source = """
    // A comment.
    const value = (first, ...others) => {
      return { first: first, b: "of others" }.first + value.value;
    };
    function (...others) { others.push(1); }
    """
    assert minified(source) == (
        'const a=(b,...c)=>{return{first:b,b:"of c"}.first+a.value};function(...c){c.push(1)}\n'
    )
