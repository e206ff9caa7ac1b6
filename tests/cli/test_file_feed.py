"""What a file gets, as entries."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from footfall.cli.file_feed import FileFeed
from footfall.errors import ConfigError
from tests.cli.site_files import write
from tests.support.json_schemas import validate


def test_each_event_comes_once(tmp_path: Path) -> None:
    file = tmp_path / "site.sqlite3"
    write(file, "/first", "/second")
    with FileFeed(file) as feed:
        entries = feed.new()
        assert [entry["path"] for entry in entries] == ["/first", "/second"]
        for entry in entries:
            validate("tail", entry)
        assert feed.new() == []
        write(file, "/third")
        assert [entry["path"] for entry in feed.new()] == ["/third"]


def test_a_file_that_comes_later_is_opened_then(tmp_path: Path) -> None:
    file = tmp_path / "site.sqlite3"
    with FileFeed(file) as feed:
        assert (feed.is_open, feed.new()) == (False, [])
        # As SQLite makes it, before the tables are in it.
        file.touch()
        assert feed.new() == []
        write(file, "/first")
        assert [entry["path"] for entry in feed.new()] == ["/first"]


def test_a_file_in_the_place_of_another_is_read_from_its_beginning(tmp_path: Path) -> None:
    file, other = tmp_path / "site.sqlite3", tmp_path / "other.sqlite3"
    write(file, "/first", "/second")
    write(other, "/third")
    with FileFeed(file) as feed:
        assert len(feed.new()) == 2
        other.replace(file)
        assert [entry["path"] for entry in feed.new()] == ["/third"]
        file.unlink()
        sqlite3.connect(file).execute("CREATE TABLE another (x)").connection.close()
        with pytest.raises(ConfigError, match="another program's tables"):
            feed.new()
