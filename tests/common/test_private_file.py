"""Files that no other user can read."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from footfall.common.private_file import make_private


@pytest.mark.parametrize("umask", [0o000, 0o777], ids=oct)
def test_a_new_file_is_private_whatever_the_umask(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        make_private(str(tmp_path / "x.db"))
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "x.db").stat().st_mode) == 0o600


def test_an_existing_file_keeps_its_content_and_those_beside_it_are_private_too(
    tmp_path: Path,
) -> None:
    names = ("x.db", "x.db-wal", "x.db-shm")
    for name in names:
        (tmp_path / name).write_text(name)
        (tmp_path / name).chmod(0o644)
    make_private(str(tmp_path / "x.db"))
    assert [(tmp_path / name).read_text() for name in names] == [*names]
    assert {stat.S_IMODE((tmp_path / name).stat().st_mode) for name in names} == {0o600}


def test_a_directory_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        make_private(str(tmp_path / "nowhere" / "x.db"))
