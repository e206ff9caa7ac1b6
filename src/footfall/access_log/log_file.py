"""The files of a log: opened, recognised again, and read from a position on.

A file is known by a hash of its first bytes, uncompressed: so its rotated and its compressed copy
are the same file, and one that has grown is the same file with more in it.
"""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import io
import os
import sys
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Final, NamedTuple

STDIN: Final = "-"
"""The path of standard input."""

# More than the head of any format that is the same in all files.
_HEAD_BYTES: Final = 4_096
_GZIP_MAGIC: Final = b"\x1f\x8b"
_CHUNK_BYTES: Final = 262_144
# Servers write a request line and headers of 8 kB each, in which four bytes may stand for one.
_MAX_LINE_BYTES: Final = 131_072


class LogFileError(Exception):
    """A file that cannot be read on."""


class Fingerprint(NamedTuple):
    """By what a file is known: a hash of its first bytes, and how many these are."""

    digest: bytes
    length: int

    @classmethod
    def of(cls, head: bytes) -> Fingerprint:
        """The fingerprint of a file that begins with `head`."""
        return cls(hashlib.blake2b(head, digest_size=16).digest(), len(head))


class LogFile:
    """One file, or standard input, to be read once from its beginning or from a position.

    Args:
        path: Of the file; `-` for standard input.

    Raises:
        LogFileError: It cannot be read.
    """

    def __init__(self, path: str) -> None:
        self.path: Final = path
        self.position = 0
        """Where in the text the line ends that was read last, in bytes."""
        self.has_partial_line = False
        """Whether the file ended in the middle of a line, which may be still being written."""
        with _errors(f"{path}: "), contextlib.ExitStack() as stack:
            self._raw: IO[bytes] = _open(path)
            stack.callback(self._raw.close)
            buffered = io.BufferedReader(self._raw, _CHUNK_BYTES)  # type: ignore[type-var]
            is_compressed = buffered.peek(2)[:2] == _GZIP_MAGIC
            self._text: io.BufferedIOBase = buffered
            if is_compressed:
                self._text = gzip.GzipFile(fileobj=buffered)
            self._is_seekable = path != STDIN and not is_compressed
            self._head = self._text.read(_HEAD_BYTES)
            # The format is recognised by whole lines.
            while b"\n" not in self._head and len(self._head) < _MAX_LINE_BYTES:
                if not (further := self._text.read(_HEAD_BYTES)):
                    break
                self._head += further
            stack.pop_all()
        self.fingerprint: Final = Fingerprint.of(self._head[:_HEAD_BYTES])

    def close(self) -> None:
        """Close the file; standard input stays open."""
        if self.path != STDIN:
            self._text.close()
            self._raw.close()

    @property
    def bytes_on_disk(self) -> int:
        """Its size; 0 for standard input."""
        return 0 if self.path == STDIN else os.fstat(self._raw.fileno()).st_size

    @property
    def bytes_read(self) -> int:
        """How much of that has been read."""
        return 0 if self.path == STDIN or self._raw.closed else self._raw.tell()

    def earlier_fingerprints(self, lengths: Iterable[int]) -> Iterator[Fingerprint]:
        """Those that the file may have had when it was shorter, the longest first."""
        for length in sorted(set(lengths), reverse=True):
            if length <= self.fingerprint.length:
                yield Fingerprint.of(self._head[:length])

    def first_lines(self) -> list[str]:
        """The lines among the first bytes; the last one may be cut where it is the only one."""
        lines = self._head.decode("latin-1").split("\n")
        return lines[:-1] or lines

    def lines(self) -> Iterator[str]:
        """The lines from `position` on, each without its end.

        Raises:
            LogFileError: It cannot be read on.
        """
        with _errors():
            rest = self._skip().decode("latin-1")
        while chunk := self._chunk():
            *lines, rest = (rest + chunk).split("\n")
            for line in lines:
                self.position += len(line) + 1
                yield line
            if len(rest) > _MAX_LINE_BYTES:
                self.position += len(rest)
                yield rest
                rest = ""
        *lines, rest = rest.split("\n")
        for line in lines:
            self.position += len(line) + 1
            yield line
        if rest and self._is_seekable:
            self.has_partial_line = True
        elif rest:
            self.position += len(rest)
            yield rest

    def _chunk(self) -> str:
        with _errors():
            return self._text.read(_CHUNK_BYTES).decode("latin-1")

    def _skip(self) -> bytes:
        """Go to `position`; return what was read behind it already."""
        if self.position <= len(self._head):
            return self._head[self.position :]
        if self._is_seekable:
            self._text.seek(self.position)
            return b""
        left = self.position - len(self._head)
        while left and (skipped := self._text.read(min(left, _CHUNK_BYTES))):
            left -= len(skipped)
        return b""


def _open(path: str) -> IO[bytes]:
    return sys.stdin.buffer if path == STDIN else Path(path).open("rb")


@contextlib.contextmanager
def _errors(before: str = "") -> Iterator[None]:
    try:
        yield
    except (OSError, EOFError, zlib.error) as error:
        raise LogFileError(before + _cause(error)) from error


def _cause(error: Exception) -> str:
    if isinstance(error, EOFError):
        return "the compressed file is cut short"
    if isinstance(error, zlib.error | gzip.BadGzipFile):
        return f"the compressed file is damaged ({error})"
    return getattr(error, "strerror", None) or str(error)
