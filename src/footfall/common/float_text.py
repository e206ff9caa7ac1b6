"""A float as the text that a vendor's own language makes of it, since a dashboard lists that text.

The shortest digits that read back as the same number are the same in every language. Each language
has its own rule for where the point goes and when an exponent is written.
"""

from __future__ import annotations

from decimal import Decimal

# From here on not every whole number is a float, and Erlang always writes an exponent.
_EXACT_UP_TO = 2**53


def elixir(value: float) -> str:
    """As Plausible shows it: `1.5`, `100.0`, `1.5e3`, `1.0e20`.

    It has an exponent where that is shorter (Erlang's `float_to_binary`, `short`; read 2026-11).
    """
    sign, digits, place = _parts(value)
    plain = _pointed(digits, place)
    scientific = f"{digits[0]}.{digits[1:] or '0'}e{place - 1}"
    is_scientific = abs(value) >= _EXACT_UP_TO or len(scientific) < len(plain)
    return sign + (scientific if is_scientific else plain)


def javascript(value: float) -> str:
    """As Swetrix shows it: `1.5`, `1500`, `1e+21` (ECMA-262, Number::toString)."""
    if value == 0:
        return "0"
    sign, digits, place = _parts(value)
    if -6 < place <= 21:
        return sign + _pointed(digits, place).removesuffix(".0")
    point = "." if len(digits) > 1 else ""
    return f"{sign}{digits[0]}{point}{digits[1:]}e{place - 1:+d}"


def _parts(value: float) -> tuple[str, str, int]:
    """Sign, significant digits, and how many of them are before the point."""
    is_negative, digits, exponent = Decimal(float.__repr__(value)).as_tuple()
    text = "".join(map(str, digits))
    place = len(text) + int(exponent)
    return "-" * is_negative, text.rstrip("0") or "0", place


def _pointed(digits: str, place: int) -> str:
    if place <= 0:
        return f"0.{'0' * -place}{digits}"
    return f"{digits[:place].ljust(place, '0')}.{digits[place:] or '0'}"
