"""Several events as one entry of a shared queue, and back.

An entry has its version and the number of its events outside of the body, so that a reader counts
what it cannot decode, and leaves what a later version has written to a later reader. The body may
be encrypted: then its codec ends with the id of the key, as in `jz/2026-11`.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Final, NamedTuple, Self

from footfall.events.cipher import BodyCipher

VERSION: Final = 1
"""Of entries. It grows when a reader of the former version could not read them."""
MAX_EVENTS: Final = 100
"""Of one pack: what a process puts into a queue between two looks, at 2,000 events a second."""
MAX_LINES: Final = 64 * 1024
"""How many bytes their lines may have together; one event alone may have more."""
PLAIN: Final = "j"
"""The codec of a body that is lines of `footfall.events.json`."""
COMPRESSED: Final = "jz"
"""The codec of such lines that zlib has compressed."""

# So that a pack is recognised among other bytes.
_MARK: Final = b"footfall"
# Level 1 takes a third of the time of 6; bodies are an eighth larger.
_LEVEL: Final = 1
# Of lines: no bomb may fill the memory of the reader. The largest event that a lane takes has 64 Ki
# characters, with twelve bytes for each of them where it is no letter of any alphabet.
MAX_BYTES: Final = 1024 * 1024


class UnknownVersionError(ValueError):
    """A later footfall has written the entry, or it has another key; another reader can read it."""


class Pack(NamedTuple):
    """One entry: some events of one process, oldest first."""

    version: int
    number: int
    # Seconds since the epoch, by the clock that also stamped the events.
    put_at: float
    codec: str
    body: bytes

    @classmethod
    def of(cls, lines: bytes, put_at: float) -> Self:
        """The pack of some lines of `footfall.events.json`."""
        number = lines.count(b"\n") + 1
        if number == 1:  # nothing repeats in it
            return cls(VERSION, 1, put_at, PLAIN, lines)
        return cls(VERSION, number, put_at, COMPRESSED, zlib.compress(lines, _LEVEL))

    @classmethod
    def several(cls, lines: Iterable[bytes], put_at: float) -> Iterator[Self]:
        """As many packs of these lines as their bounds need."""
        found: list[bytes] = []
        size = 0
        for line in lines:
            if found and (len(found) == MAX_EVENTS or size + len(line) > MAX_LINES):
                yield cls.of(b"\n".join(found), put_at)
                found, size = [], 0
            found.append(line)
            size += len(line)
        if found:
            yield cls.of(b"\n".join(found), put_at)

    @classmethod
    def from_fields(cls, fields: Mapping[bytes, bytes]) -> Self:
        """The pack that an entry holds; what is missing in it is 0 or empty.

        Never raises, so that any entry can be counted.
        """
        version, number = _whole(fields.get(b"v")), _whole(fields.get(b"n"))
        codec = fields.get(b"c", b"").decode("ascii", "replace")
        return cls(version, number, _whole(fields.get(b"s")) / 1000, codec, fields.get(b"b", b""))

    @classmethod
    def from_bytes(cls, pack: bytes) -> Self:
        """The pack of `to_bytes`.

        Raises:
            ValueError: it is none.
        """
        head, _, body = pack.partition(b"\n")
        parts = head.split(b" ")
        if len(parts) != 5 or parts[0] != _MARK:
            raise ValueError("this is no pack of events")
        names = (b"v", b"n", b"s", b"c")
        return cls.from_fields({**dict(zip(names, parts[1:], strict=True)), b"b": body})

    def to_bytes(self) -> bytes:
        """The whole entry as one value, for queues whose entries have no fields."""
        return self._head() + b"\n" + self.body

    @property
    def key_id(self) -> str:
        """The id of the key with which its body is encrypted; empty where it is not."""
        return self.codec.partition("/")[2]

    def is_known(self, cipher: BodyCipher | None = None) -> bool:
        """Whether this footfall can read entries of its version, codec and key."""
        codec, separator, key_id = self.codec.partition("/")
        is_readable = not separator or (cipher is not None and cipher.knows(key_id))
        return is_readable and self.version == VERSION and codec in (PLAIN, COMPRESSED)

    def encrypted(self, cipher: BodyCipher, nonce: bytes) -> Self:
        """The same, so that only those who have the key can read its lines."""
        outside = self._replace(codec=f"{self.codec}/{cipher.key_id}")
        return outside._replace(body=cipher.encrypt(self.body, outside._head(), nonce))

    def _head(self) -> bytes:
        put_at = round(self.put_at * 1000)
        return f"{_MARK.decode()} {self.version} {self.number} {put_at} {self.codec}".encode()

    def fields(self) -> dict[str, str | int | bytes]:
        """The fields of the entry; the time in milliseconds."""
        return {
            "v": self.version,
            "n": self.number,
            "s": round(self.put_at * 1000),
            "c": self.codec,
            "b": self.body,
        }

    def lines(self, cipher: BodyCipher | None = None) -> list[str]:
        """The lines in it, one for each event.

        Raises:
            UnknownVersionError: another version, codec or key, which is not known here.
            ValueError: it is damaged.
        """
        if not self.is_known(cipher):
            raise UnknownVersionError(
                f"an entry of version {self.version} with codec {self.codec[:40]!r} "
                "is not known here"
            )
        body = self.body
        if cipher is not None and self.key_id:
            body = cipher.decrypt(self.key_id, body, self._head())
        if self.codec.partition("/")[0] == COMPRESSED:
            body = _decompressed(body)
        found = body.decode("ascii").split("\n")
        if len(found) != self.number:
            raise ValueError(f"an entry of {self.number} events has {len(found)} lines")
        return found


def _decompressed(body: bytes) -> bytes:
    decoder = zlib.decompressobj()
    try:
        found = decoder.decompress(body, MAX_BYTES)
    except zlib.error as error:
        raise ValueError(f"an entry is damaged: {error}") from None
    if not decoder.eof:
        raise ValueError("an entry is cut short, or too large")
    return found


def _whole(text: bytes | None) -> int:
    return int(text) if text is not None and text.isdigit() and len(text) < 19 else 0
