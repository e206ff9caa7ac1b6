"""`manage.py footfall`, and the other ways to name Django's settings."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.support.terminal import environment
from tests.support.waiting import MAX_SECONDS

SETTINGS = """
SECRET_KEY = "of a test"
ALLOWED_HOSTS = ["exmaple.com"]
ROOT_URLCONF = "shop_settings"
INSTALLED_APPS = ["footfall"]
MIDDLEWARE = [
    "django.middleware.common.CommonMiddleware", "footfall.django.FootfallMiddleware",
]
FOOTFALL = {"destinations": ["plausible+http://127.0.0.1:9/example.com"]}
urlpatterns = []
"""
ASGI_PY = """
import os
os.environ["DJANGO_SETTINGS_MODULE"] = "shop_settings"
from django.core.asgi import get_asgi_application
application = get_asgi_application()
"""


def test_djangos_settings_are_read_by_every_way_to_name_them(tmp_path: Path) -> None:
    (tmp_path / "shop_settings.py").write_text(SETTINGS)
    (tmp_path / "shop_asgi.py").write_text(ASGI_PY)

    def found(program: str, *arguments: str, **variables: str) -> dict[str, Any]:
        done = subprocess.run(
            [sys.executable, "-m", program, *arguments, "--json"],
            cwd=tmp_path,
            env=environment({"PYTHONPATH": str(tmp_path), **variables}),
            capture_output=True,
            text=True,
            timeout=MAX_SECONDS,
        )
        assert done.returncode == 1, done.stderr
        answer: dict[str, Any] = json.loads(done.stdout)
        assert answer["destinations"][0]["name"] == "plausible:example.com@127.0.0.1:9"
        return answer

    variable = {"DJANGO_SETTINGS_MODULE": "shop_settings"}
    for answer in (
        found("footfall", "check", "--settings", "shop_settings"),
        found("django", "footfall", "check", **variable),
    ):
        assert [each["id"] for each in answer["findings"]] == ["W009", "W011"]
        assert answer["settings"] == "Django's settings shop_settings"
    by_app = found("footfall", "check", "--app", "shop_asgi:application")
    assert [each["id"] for each in by_app["findings"]] == ["W009", "W010", "W011"]
