"""The power fails: what was synced to the disk survives, and anything else may or may not."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from footfall.collector import Store
from footfall.errors import ConfigError
from tests.collector.durability.support import collector_process, is_refused, kill, post, written

SHIM = Path(__file__).with_name("synced_copies.c")
# Bytes that reach a disk together.
BLOCK = 512


@pytest.fixture(scope="module")
def shim(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library that keeps a copy of each file as of its last sync."""
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        pytest.skip("needs a C compiler")
    library = tmp_path_factory.mktemp("shim") / "synced_copies.so"
    subprocess.run([compiler, "-shared", "-fPIC", "-O2", "-o", str(library), str(SHIM)], check=True)
    return library


def answered_before_the_cut(file: Path, shim: Path, folder: Path, *options: str) -> list[str]:
    """Post until there were some checkpoints and some events after the last; then cut the power."""
    env = {**os.environ, "LD_PRELOAD": str(shim), "SYNCED_FOLDER": str(folder)}
    answered = []
    with collector_process(file, *options, env=env) as running:
        for number in range(40):
            path = f"/{number}"
            assert not is_refused(post(running, path))
            answered.append(path)
            if number == 30:
                # Empties the write-ahead log.
                assert running.http.delete("/api/v1/events").status_code == 200
                answered.clear()
        kill(running)
    return answered


def blend(file: Path, folder: Path) -> None:
    """Add to the files that were synced some blocks of what was written after that."""
    choose = random.Random(1)
    for synced in folder.glob(f"{file.name}*"):
        latest = file.with_name(synced.name)
        if not latest.exists():
            continue
        old, new = synced.read_bytes(), latest.read_bytes()
        blocks = [
            (new if choose.random() < 0.5 else old)[at : at + BLOCK].ljust(BLOCK, b"\0")
            for at in range(0, len(new), BLOCK)
        ]
        synced.write_bytes(b"".join(blocks))


@pytest.mark.parametrize("survives", ["only what was synced", "some of the rest"])
@pytest.mark.parametrize("synchronous", ["normal", "full"])
def test_a_power_cut(tmp_path: Path, shim: Path, synchronous: str, survives: str) -> None:
    folder = tmp_path / "synced"
    folder.mkdir()
    file = tmp_path / "events.sqlite3"
    answered = answered_before_the_cut(file, shim, folder, "--synchronous", synchronous)
    if survives == "some of the rest":
        blend(file, folder)
    after = folder / file.name
    assert after.exists()
    # It opens, and goes on.
    with closing(Store(after)) as store:
        assert store.flush()
    found = written(after)
    assert set(found.values()) <= {1}
    if synchronous == "full":
        assert set(answered) <= set(found)
    elif survives == "only what was synced":
        # What `full` is for: nothing had been synced since the log was emptied.
        assert not set(answered) & set(found)


def test_synchronous_is_normal_or_full(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="normal or full"):
        Store(tmp_path / "events.sqlite3", synchronous="off")  # type: ignore[arg-type]
