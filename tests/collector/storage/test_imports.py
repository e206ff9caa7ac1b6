"""What is kept of imports."""

from __future__ import annotations

from contextlib import closing

from footfall.collector.storage import imports, write_sql
from footfall.collector.storage.database import Database
from footfall.collector.storage.imports import ImportedLog
from tests.collector.support import incoming_event


def test_events_of_an_import_are_told_from_others() -> None:
    with closing(Database(":memory:")) as database, database.writing() as connection:
        assert imports.first_own_event(connection, "a.test") is None
        for number in range(3):
            ids = write_sql.insert(connection, [incoming_event(str(number))])
            imports.add_events(connection, "a.test", ids[0], ids[-1])
        ranges = connection.execute("SELECT first_id, last_id FROM imported_events").fetchall()
        assert [tuple(each) for each in ranges] == [(1, 3)]
        assert imports.first_own_event(connection, "a.test") is None
        [own] = write_sql.insert(connection, [incoming_event("own")])
        at = connection.execute("SELECT received_at FROM events WHERE id = ?", (own,)).fetchone()[0]
        assert imports.first_own_event(connection, "a.test") == at
        assert imports.first_own_event(connection, "b.test") is None


def test_positions_belong_to_a_domain_and_go_with_it() -> None:
    log = ImportedLog(b"digest", 10, 100)
    with closing(Database(":memory:")) as database, database.writing() as connection:
        assert imports.move(connection, "a.test", None, log)
        assert imports.move(connection, "b.test", None, log)
        assert not imports.move(connection, "a.test", None, log)
        write_sql.rename_domain(connection, "a.test", "c.test")
        assert [*imports.logs(connection, "c.test")] == [log]
        write_sql.delete_domain(connection, "c.test")
        assert [*imports.logs(connection, "c.test")] == []
        write_sql.delete_all(connection)
        assert [*imports.logs(connection, "b.test")] == []


def test_salts_of_imports_go_with_those_of_their_day() -> None:
    with closing(Database(":memory:")) as database, database.writing() as connection:
        one = imports.salt(connection, 20_000, today=20_700)
        assert imports.salt(connection, 20_000, today=20_701) == one
        assert not write_sql.purge_salts(connection, 20_699)
        assert write_sql.purge_salts(connection, 20_700)
        assert imports.salt(connection, 20_000, today=20_702) != one
