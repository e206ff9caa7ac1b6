"""Files of a log: known again by their first bytes, and read from a position on."""

from __future__ import annotations

import gzip
import io
import sys
from pathlib import Path

import pytest

from footfall.access_log.log_file import LogFile, LogFileError

LINES = [f"line {number} " + "x" * 90 for number in range(20_000)]
TEXT = "".join(f"{line}\n" for line in LINES).encode()


@pytest.mark.parametrize("is_packed", [False, True], ids=["plain", "gzip"])
def test_a_file_is_read_from_any_position(tmp_path: Path, is_packed: bool) -> None:
    path = tmp_path / "access.log"
    path.write_bytes(gzip.compress(TEXT, 1) if is_packed else TEXT)
    for start in (0, 1, 30, 15_000):
        file = LogFile(str(path))
        file.position = len("".join(f"{line}\n" for line in LINES[:start]))
        assert list(file.lines()) == LINES[start:]
        assert file.position == len(TEXT)
        file.close()


@pytest.mark.parametrize("is_packed", [False, True], ids=["plain", "gzip"])
def test_a_first_line_of_any_length_is_whole(tmp_path: Path, is_packed: bool) -> None:
    path, line = tmp_path / "access.log", "x" * 60_000
    text = f"{line}\nsecond\n".encode()
    path.write_bytes(gzip.compress(text) if is_packed else text)
    file = LogFile(str(path))
    assert file.first_lines()[0] == line
    assert list(file.lines()) == [line, "second"]
    file.close()
    path.write_bytes(text[:9_000])
    cut = LogFile(str(path))
    assert cut.fingerprint == file.fingerprint
    cut.close()


def test_standard_input_is_read_from_a_position(monkeypatch: pytest.MonkeyPatch) -> None:
    class Stdin:
        buffer = io.BytesIO(TEXT)

    monkeypatch.setattr(sys, "stdin", Stdin)
    file = LogFile("-")
    file.position = len("".join(f"{line}\n" for line in LINES[:15_000]))
    assert list(file.lines()) == LINES[15_000:]
    file.close()


def test_a_copy_and_a_grown_file_are_known(tmp_path: Path) -> None:
    (tmp_path / "a.log").write_bytes(TEXT[:200])
    (tmp_path / "b.log.gz").write_bytes(gzip.compress(TEXT))
    (tmp_path / "c.log").write_bytes(TEXT.replace(b"line 0", b"LINE 0"))
    small, packed, other = (LogFile(str(path)) for path in sorted(tmp_path.iterdir()))
    assert small.fingerprint.length == 200
    assert list(packed.earlier_fingerprints([200, 4_096])) == [
        packed.fingerprint,
        small.fingerprint,
    ]
    assert small.fingerprint not in other.earlier_fingerprints([200])
    for file in (small, packed, other):
        file.close()


def test_a_line_that_is_being_written_is_left_for_the_next_time(tmp_path: Path) -> None:
    path = tmp_path / "access.log"
    path.write_bytes(b"one\ntwo\nthr")
    file = LogFile(str(path))
    assert list(file.lines()) == ["one", "two"]
    assert (file.position, file.has_partial_line) == (8, True)
    file.close()
    path.write_bytes(b"one\ntwo\nthree\n")
    file = LogFile(str(path))
    file.position = 8
    assert list(file.lines()) == ["three"]
    file.close()


def test_nothing_is_added_to_a_packed_file_so_its_last_line_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "access.log.gz"
    path.write_bytes(gzip.compress(b"one\ntwo"))
    file = LogFile(str(path))
    assert list(file.lines()) == ["one", "two"]
    file.close()


def test_a_line_without_an_end_does_not_fill_the_memory(tmp_path: Path) -> None:
    path = tmp_path / "access.log"
    path.write_bytes(b"x" * 3_000_000 + b"\nnext\n")
    file = LogFile(str(path))
    *parts, last = file.lines()
    assert last == "next"
    assert max(map(len, parts)) < 1_000_000
    file.close()


@pytest.mark.parametrize(
    ("content", "cause"),
    [
        (gzip.compress(TEXT)[:-2_000], "the compressed file is cut short"),
        (gzip.compress(TEXT)[:-8] + b"\1" * 8, "damaged"),
    ],
)
def test_a_broken_file_is_an_error_of_the_file(tmp_path: Path, content: bytes, cause: str) -> None:
    path = tmp_path / "access.log.gz"
    path.write_bytes(content)
    file = LogFile(str(path))
    with pytest.raises(LogFileError, match=cause):
        list(file.lines())
    file.close()


def test_a_missing_file_and_a_directory_are_errors_of_the_file(tmp_path: Path) -> None:
    for path, cause in ((tmp_path / "none.log", "No such file"), (tmp_path, "Is a directory")):
        with pytest.raises(LogFileError, match=cause):
            LogFile(str(path))
