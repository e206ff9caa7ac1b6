"""A POST as a curl command to paste into a shell."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from footfall.model import Headers

__all__ = ["curl_command"]

# curl computes these itself, and a wrong length makes it wait.
_OWN_HEADERS: Final = frozenset({"host", "content-length", "connection", "accept-encoding"})
# Where a request lacks one of these, curl would add its own, which changes what a vendor reads.
_CURLS_DEFAULTS: Final = ("user-agent", "content-type")
# RFC 9110, section 5.6.2. curl reads a file where the text of a header begins with `@`.
_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
# Section 5.5: a line break would begin another header.
_FORBIDDEN: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
# No program can get a NUL as an argument.
_NUL: Final = b"\0"
_REPLACEMENT: Final = "\ufffd".encode()


def curl_command(url: str, headers: Headers, body: bytes, *, indent: str = "") -> str:
    """The command that sends this POST and shows the response with its headers.

    Nothing in it controls the terminal in which it is pasted: what is not printable stands there as
    `$'\\x1b'`, which bash, zsh and ksh read as that byte.

    Args:
        url: Where the command sends it.
        headers: By lower-case name, as text in latin-1 if they came from a server. Those that HTTP
            does not allow are left out.
        body: It is sent byte for byte.
        indent: What each line begins with.
    """
    sent = [
        _header(name, value)
        for name, value in headers.items()
        if name not in _OWN_HEADERS and _NAME.fullmatch(name)
    ]
    # `name:` makes curl send none.
    sent += [f"{name}:".encode() for name in _CURLS_DEFAULTS if name not in headers]
    lines = [
        f"{indent}curl -i -X POST {_quoted(url.encode('utf-8', 'surrogateescape'))}",
        *(f"{indent}  -H {_quoted(header)}" for header in sent),
        f"{indent}  --data-raw {_quoted(body.replace(_NUL, _REPLACEMENT))}",
    ]
    return " \\\n".join(lines)


def _header(name: str, value: str) -> bytes:
    clean = _FORBIDDEN.sub(" ", value)
    # `name;` makes curl send an empty header.
    line = f"{name}: {clean}" if clean.strip() else f"{name};"
    try:
        return line.encode("latin-1")
    except UnicodeEncodeError:
        return line.encode("utf-8", "replace")


def _quoted(argument: bytes) -> str:
    """The argument as a word of a shell, in printable characters."""
    text = argument.decode("utf-8", "surrogateescape")
    if text.isprintable():
        return shlex.quote(text)
    return "$'" + "".join(map(_ansi_c, text)) + "'"


def _ansi_c(char: str) -> str:
    # An interactive shell may look for `!` before it looks at the quotes.
    if char in "\\'":
        return f"\\{char}"
    if char.isprintable() and char != "!":
        return char
    return "".join(f"\\x{byte:02x}" for byte in char.encode("utf-8", "surrogateescape"))
