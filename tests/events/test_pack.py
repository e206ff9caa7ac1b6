"""Events as one entry of a shared queue, and back."""

from __future__ import annotations

import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from footfall.events.pack import MAX_BYTES, Pack, UnknownVersionError

LINES = st.lists(st.text(st.characters(min_codepoint=32, max_codepoint=126)), min_size=1)


def as_stored(pack: Pack) -> dict[bytes, bytes]:
    """The fields as a server returns them."""
    return {
        name.encode(): value if isinstance(value, bytes) else str(value).encode()
        for name, value in pack.fields().items()
    }


@given(LINES)
def test_what_was_packed_is_what_is_read(lines: list[str]) -> None:
    pack = Pack.of("\n".join(lines).encode(), 1_800_000_000.5)
    assert pack.number == len(lines)
    assert Pack.from_fields(as_stored(pack)) == pack
    assert pack.lines() == lines


PACK = Pack.of(b'{"v":1}\n{"v":1}', 1.0)


@pytest.mark.parametrize(
    ("pack", "error"),
    [
        (PACK._replace(version=2), UnknownVersionError),
        (PACK._replace(codec="jz+1"), UnknownVersionError),
        (PACK._replace(codec="\n"), UnknownVersionError),
        (PACK._replace(body=b"no zlib"), ValueError),
        (PACK._replace(body=PACK.body[:-5]), ValueError),
        (PACK._replace(number=3), ValueError),
        (PACK._replace(body=zlib.compress(bytes(MAX_BYTES + 1))), ValueError),
        (PACK._replace(codec="j", body=b"\xff", number=1), ValueError),
    ],
)
def test_what_cannot_be_read_still_has_its_number(pack: Pack, error: type[Exception]) -> None:
    found = Pack.from_fields(as_stored(pack))
    assert found.number == pack.number
    with pytest.raises(error) as raised:
        found.lines()
    assert isinstance(raised.value, UnknownVersionError) == (error is UnknownVersionError)


@given(st.dictionaries(st.sampled_from([b"v", b"n", b"s", b"c", b"b"]), st.binary()))
def test_any_entry_can_be_counted(fields: dict[bytes, bytes]) -> None:
    assert Pack.from_fields(fields).number >= 0
