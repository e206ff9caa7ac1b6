"""What is asked with every request and costs more to find out than to look up.

Rules of the room: bounded in number and in text, whatever visitors send; no lock, since an answer
that two threads find out at once is the same.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final, TypeVar

__all__ = ["MAX_REMEMBERED", "MAX_TEXT", "BoundedCache"]

K = TypeVar("K")
V = TypeVar("V")

# More than an app has content types, or its visitors kinds of browser.
MAX_REMEMBERED: Final = 128
# The keys of an environ have about 700 characters; somebody's own headers must not fill the memory.
MAX_TEXT: Final = 2048


class BoundedCache(dict[K, V]):
    """The answers of a pure function of text or of a tuple of texts: `remembered[question]`.

    A question with more than `MAX_TEXT` characters is answered anew each time. When there are more
    than `MAX_REMEMBERED` all are forgotten, so that nobody can keep the ordinary ones out.
    """

    __slots__ = ("_answer",)

    def __init__(self, answer: Callable[[K], V]) -> None:
        super().__init__()
        self._answer = answer

    def __missing__(self, question: K) -> V:
        answer = self._answer(question)
        if _text_in(question) <= MAX_TEXT:
            if len(self) >= MAX_REMEMBERED:
                self.clear()
            self[question] = answer
        return answer


def _text_in(question: object) -> float:
    """How many characters it keeps in memory. Infinite where it is, or holds, anything else."""
    if type(question) is tuple:
        return sum(map(_text_in, question))
    return len(question) if type(question) in (str, bytes) else math.inf  # type: ignore[arg-type]
