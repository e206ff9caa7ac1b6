"""What the tests of options share: a destination, and the faults of wrong options."""

from __future__ import annotations

from typing import Any

import pytest

from footfall.config import Config
from footfall.errors import ConfigError

DSN = "plausible://plausible.io/example.com"


def faults_of(options: dict[str, Any], environ: dict[str, str] | None = None) -> dict[str, str]:
    """The remedy of each fault, by its option."""
    with pytest.raises(ConfigError) as caught:
        Config.load(options, environ=environ or {})
    return {fault.option: fault.remedy for fault in caught.value.faults}
