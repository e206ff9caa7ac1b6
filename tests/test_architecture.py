"""The promises of the whole package: its exported names, its imports, and what they do not load."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages

import pytest

import footfall

SOURCE = Path(footfall.__file__).parent
TESTS = Path(__file__).parent
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
        footfall.tracks  # type: ignore[attr-defined]  # noqa: B018 -- what a type checker says


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


def test_the_folders_of_tests_are_those_that_pytest_removes() -> None:
    others = {path.name for path in TESTS.rglob("*.py") if "tempfile" in path.read_text()}
    assert others == {Path(__file__).name}


def test_ages_and_deadlines_use_one_clock() -> None:
    # `time.monotonic` differs from it by the time that the machine slept.
    keep_their_own = (
        "common/clock.py",
        "common/log.py",
        "delivery/transport/",
        "collector/",
        "cli/",
        "plausible_api/",
    )
    others = {
        path.relative_to(SOURCE).as_posix()
        for path in SOURCE.rglob("*.py")
        if re.search(r"time\.monotonic|from time import .*monotonic", path.read_text())
    }
    assert {name for name in others if not name.startswith(keep_their_own)} == set()


def module_name(path: Path) -> str:
    parts = ("footfall", *path.relative_to(SOURCE).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


TREES = {module_name(path): ast.parse(path.read_text()) for path in SOURCE.rglob("*.py")}


def imports_at_load(node: ast.AST) -> Iterator[ast.Import | ast.ImportFrom]:
    """The imports outside of functions, those under `TYPE_CHECKING` included."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import | ast.ImportFrom):
            yield child
        elif not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            yield from imports_at_load(child)


def imported_modules(tree: ast.Module) -> set[str]:
    """The modules of the package that a module imports, as far as they are loaded by name."""
    found: set[str] = set()
    for each in imports_at_load(tree):
        if isinstance(each, ast.Import):
            found |= {alias.name for alias in each.names}
        elif each.module is not None:
            members = {f"{each.module}.{alias.name}" for alias in each.names}
            modules = members & TREES.keys()
            found |= modules if modules == members else modules | {each.module}
    return found & TREES.keys()


def test_no_import_circle_even_for_types() -> None:
    graph = {name: imported_modules(tree) for name, tree in TREES.items()}
    assert sum(map(len, graph.values())) > 500, "the imports were found"
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" imports ".join(reversed(error.args[1])))


# The same name on purpose: a user imports it from the adapter of the framework.
SHARED_CLASS_NAMES = {"FootfallMiddleware"}


def test_no_two_classes_share_a_name() -> None:
    modules = defaultdict(list)
    for name, tree in TREES.items():
        for node in tree.body:
            if isinstance(node, ast.ClassDef):
                modules[node.name].append(name)
    shared = {name: where for name, where in modules.items() if len(where) > 1}
    assert shared.keys() == SHARED_CLASS_NAMES, shared


def test_every_module_has_its_test_file() -> None:
    tests = Path(__file__).parent
    expected = {
        path.relative_to(SOURCE).with_name(f"test_{path.name.lstrip('_')}").as_posix()
        for path in SOURCE.rglob("*.py")
        if path.name not in ("__init__.py", "__main__.py")
    }
    assert sorted(name for name in expected if not (tests / name).exists()) == []
