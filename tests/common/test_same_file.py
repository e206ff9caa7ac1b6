"""Two paths to one file, and to two."""

from __future__ import annotations

from pathlib import Path

import pytest

from footfall.common.same_file import is_same_file


@pytest.mark.parametrize("exists", [True, False], ids=["there", "not there yet"])
def test_one_file_is_found_by_each_of_its_paths(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, exists: bool
) -> None:
    monkeypatch.chdir(tmp_path)
    file, link, folder = tmp_path / "a", tmp_path / "link", tmp_path / "folder"
    if exists:
        file.touch()
        (tmp_path / "hard").hardlink_to(file)
        assert is_same_file("hard", file)
    link.symlink_to(file)
    folder.symlink_to(tmp_path)
    for other in ("a", "./a", link, folder / "a", str(file)):
        assert is_same_file(file, other)
        assert is_same_file(other, file)


def test_two_files_are_not_one(tmp_path: Path) -> None:
    for name in ("a", "b"):
        assert not is_same_file(tmp_path / name, tmp_path / "c")
        (tmp_path / name).touch()
    assert not is_same_file(tmp_path / "a", tmp_path / "b")
