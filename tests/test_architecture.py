"""The promises of the whole package: its exported names, and what an import does not load."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages

import pytest

import footfall

FRAMEWORKS = ("asgiref", "django", "flask", "starlette", "fastapi", "werkzeug", "jinja2")
CLIENTS = ("httpx2", "httpcore2", "pycurl")


def run(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    return done.stdout.strip()


def test_every_exported_name_is_there_and_sorted() -> None:
    assert sorted(footfall.__all__) == footfall.__all__
    for name in footfall.__all__:
        assert getattr(footfall, name) is not None
        assert getattr(footfall, name).__doc__


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'tracks'"):
        footfall.tracks  # noqa: B018


def test_importing_the_package_loads_no_framework_and_no_http_client() -> None:
    loaded = set(run("import sys, footfall; print(*sys.modules)").split())
    assert loaded.isdisjoint({*FRAMEWORKS, *CLIENTS, "ssl", "asyncio", "sqlite3"})


@pytest.mark.parametrize("adapter", ["footfall.wsgi", "footfall.asgi", "footfall.testing"])
def test_a_bare_adapter_loads_no_framework_and_no_http_client(adapter: str) -> None:
    loaded = set(run(f"import sys, {adapter}; print(*sys.modules)").split())
    assert loaded.isdisjoint({*FRAMEWORKS, *CLIENTS, "sqlite3"})


def test_importing_starts_no_thread_and_registers_no_exit_hook() -> None:
    code = (
        "import atexit, threading, footfall, footfall.asgi, footfall.wsgi; "
        "print(threading.active_count(), atexit._ncallbacks())"
    )
    bare = run(
        "import atexit, threading, asyncio, logging, urllib.request; print(atexit._ncallbacks())"
    )
    assert run(code) == f"1 {bare}"


MODULES = [
    each.name
    for each in walk_packages(footfall.__path__, "footfall.")
    # Django's own registry must be ready for these two, and __main__ runs.
    if each.name not in ("footfall.django.apps", "footfall.django.checks", "footfall.__main__")
]


@pytest.mark.parametrize("name", MODULES)
def test_every_public_name_of_a_module_is_documented(name: str) -> None:
    module = import_module(name)
    public = [
        value
        for public_name, value in vars(module).items()
        if not public_name.startswith("_") and getattr(value, "__module__", "") == name
    ]
    assert [value.__name__ for value in public if not value.__doc__] == []
    assert module.__doc__


def test_the_command_line_is_the_same_either_way() -> None:
    version = f"footfall {footfall.__version__}"
    module = subprocess.run(
        [sys.executable, "-m", "footfall", "--version"], capture_output=True, text=True, check=True
    )
    assert module.stdout.strip() == version


@pytest.mark.parametrize("arguments", [[], ["colect"], ["collect", "--prot", "1"]])
def test_wrong_usage_prints_the_usage_and_exits_with_2(arguments: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "footfall", *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "usage: footfall" in done.stderr


def test_ages_and_deadlines_use_one_clock() -> None:
    # `time.monotonic` differs from it by the time that the machine slept.
    source = Path(footfall.__file__).parent
    keep_their_own = (
        "common/clock.py",
        "common/log.py",
        "delivery/transport/",
        "collector/",
        "cli/",
        "plausible_api/",
    )
    others = {
        path.relative_to(source).as_posix()
        for path in source.rglob("*.py")
        if re.search(r"time\.monotonic|from time import .*monotonic", path.read_text())
    }
    assert {name for name in others if not name.startswith(keep_their_own)} == set()
