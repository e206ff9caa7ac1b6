"""The published schemas of what commands print for programs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema_rs

SCHEMAS = Path(__file__).parents[2] / "docs" / "schemas"


def validate(name: str, found: object) -> None:
    """Fail where a value breaks the schema of that name."""
    schema: dict[str, Any] = json.loads((SCHEMAS / f"{name}.json").read_text(encoding="utf-8"))
    jsonschema_rs.validator_for(schema).validate(found)
