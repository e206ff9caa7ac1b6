"""The collector's SQLite file: schema, the writer thread, reading, retention, statistics."""
