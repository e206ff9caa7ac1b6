"""The name of a collector: its own, and the same after a restart."""

from __future__ import annotations

import re
import shutil
from contextlib import closing
from pathlib import Path

from footfall.collector.storage.store import Store


def test_a_collector_has_the_same_name_after_a_restart_and_in_each_process(tmp_path: Path) -> None:
    file = tmp_path / "events.sqlite3"
    with closing(Store(file)) as first, closing(Store(file)) as second:
        name = first.instance
        assert re.fullmatch("[0-9a-f]{16}", name)
        assert second.instance == name
    with closing(Store(file)) as again:
        assert again.instance == name


def test_other_collectors_have_other_names(tmp_path: Path) -> None:
    with closing(Store(tmp_path / "events.sqlite3")) as one:
        pass
    # As when a collector moves to another machine, and the old one forwards to it.
    shutil.copy(tmp_path / "events.sqlite3", tmp_path / "copy.sqlite3")
    with closing(Store(tmp_path / "copy.sqlite3")) as copy, closing(Store()) as in_memory:
        names = {each.instance for each in (one, copy, in_memory)}
    assert len(names) == 3
