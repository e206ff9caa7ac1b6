"""Whether two paths name the same file, so that nothing overwrites what it reads."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["is_same_file"]


def is_same_file(one: str | Path, other: str | Path) -> bool:
    """Whether both paths lead to one file, by whichever spelling or link, there already or not."""
    try:
        return Path(one).samefile(other)
    except OSError:
        # One of them is not there yet.
        return os.path.realpath(one) == os.path.realpath(other)
