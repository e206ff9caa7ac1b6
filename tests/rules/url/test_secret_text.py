"""Text that looks like a secret, whatever it is called."""

from __future__ import annotations

import secrets

import pytest
from hypothesis import given
from hypothesis import strategies as st

from footfall.rules.url.secret_text import has_secret, is_email, without_secrets, without_uuids


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ("a title", "a title"),
        ("GB82WEST12345698765432", ":number"),
        ("gb82west12345698765432", ":number"),
        ("GB82WEST12345698765433", "GB82WEST12345698765433"),
        ("5500 0000 0000 0004", ":number"),
        ("5500 0000 0000 0005", "5500 0000 0000 0005"),
        ("4006381333931", "4006381333931"),
        ("n3Hq9Zx4TbK7vLw2RmPd5f.pdf", ":token"),
        ("HowToBuildABetterApp2024", "HowToBuildABetterApp2024"),
        ("iPhone-15-Pro-Max-vs-S24", "iPhone-15-Pro-Max-vs-S24"),
    ],
)
def test_what_looks_like_a_secret_is_replaced(text: str, expected: str) -> None:
    assert without_secrets(text) == expected
    assert has_secret(text) is (text != expected)


TITLE = "what-we-know-of-the-weather-in-the-north-"
TOKEN = "n3Hq9Zx4TbK7vLw2RmPdX5fGj8QaWe6Ys1Uc0IoBt7Nk"
JWT = f"eyJhbGciOiJIUzI1NiJ9.{TOKEN * 20}.{TOKEN}"
LONG: dict[str, tuple[str, str]] = {
    "a token behind a long title": (TITLE * 20 + TOKEN, ":token"),
    "a token before a long title": (TOKEN + "-" + TITLE * 20, ":token"),
    "a token with separators, behind a long title": (
        TITLE * 20 + "n3Hq-9Zx_4TbK7vLw2RmPd" * 10,
        ":token",
    ),
    "a token within a long title": (TITLE * 7 + JWT + TITLE * 7, ":token"),
    "a JWT": (JWT, ":token"),
    "a long title": (TITLE * 60, TITLE * 60),
    "a list of UUIDs": (
        "550e8400-e29b-41d4-a716-446655440000-" * 30,
        "550e8400-e29b-41d4-a716-446655440000-" * 30,
    ),
    "letters": ("a" * 4_000, "a" * 4_000),
    "numbers": ("1.5-" * 1_000, "1.5-" * 1_000),
}


@pytest.mark.parametrize(("text", "expected"), LONG.values(), ids=LONG)
def test_a_long_text_is_judged_to_its_end(text: str, expected: str) -> None:
    assert without_secrets(text) == expected


def test_short_tokens_are_mostly_found() -> None:
    found = sum(has_secret(secrets.token_urlsafe(16)) for _ in range(400))

    # 92 in 100 are; below 85 it is not chance.
    assert found >= 340


@pytest.mark.parametrize(
    ("text", "expected"),
    [("jo@mail.example", True), ("jo@1.2.3", False), ("jo@mail", False), ("@mail.example", False)],
)
def test_an_address_is_one_as_a_whole(text: str, expected: bool) -> None:
    assert is_email(text) is expected


def test_a_uuid_is_a_token_where_the_caller_says_so() -> None:
    assert without_uuids("x-550e8400-e29b-41d4-a716-446655440000") == "x-:token"


@given(st.text())
def test_any_text_has_an_answer(text: str) -> None:
    assert isinstance(without_secrets(text), str)
