"""The names of collectors in `Via` headers."""

from __future__ import annotations

import pytest

from footfall.collector.ingest.hops import hops_in, hops_of, via

A, B = "0123456789abcdef", "fedcba9876543210"

VALUES = {
    "none": ("", ()),
    "one": (f"1.1 footfall-{A}", (A,)),
    "two in their order": (f"1.1 footfall-{A}, 1.1 footfall-{B}", (A, B)),
    "among proxies": (f"1.1 google, HTTP/1.1 cache.test:80 (x), 1.1 footfall-{A},1.0 x", (A,)),
    "another's": ("1.1 footfall", ()),
    "too short or too long": (f"1.1 footfall-{A[1:]}, 1.1 footfall-{A}0, 1.1 footfall-{A}", (A,)),
    "in capitals": (f"1.1 footfall-{A.upper()}", ()),
}


@pytest.mark.parametrize(("value", "names"), VALUES.values(), ids=VALUES.keys())
def test_names_are_found(value: str, names: tuple[str, ...]) -> None:
    assert hops_in(value) == names


def test_what_is_written_is_read_again() -> None:
    assert hops_in(via([A, B])) == (A, B)
    assert via([]) == ""


def test_several_lines_are_read() -> None:
    headers = [
        (b"via", f"1.1 footfall-{A}".encode()),
        (b"host", b"a.test"),
        (b"via", f"1.1 proxy, 1.1 footfall-{B}".encode()),
    ]
    assert hops_of(headers) == (A, B)
    assert hops_of([(b"host", b"a.test")]) == ()


def test_a_long_header_is_not_read_to_its_end() -> None:
    assert hops_in(f"1.1 footfall-{A}, " * 10_000) == (A,) * 64
