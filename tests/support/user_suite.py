"""How tests run a suite like a user's."""

from __future__ import annotations

import sys
from typing import Final

# They take seconds to load, or change what is printed.
_WITHOUT: Final = (
    "anyio",
    "cacheprovider",
    "faker",
    "hypothesispytest",
    "randomly",
    "schemathesis",
)

PYTEST: Final = (sys.executable, "-m", "pytest", *(f"-pno:{plugin}" for plugin in _WITHOUT))
