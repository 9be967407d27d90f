"""A digest of all rows of a database, kept in it: damage is seen at the next start.

SQLite finds pages that are no pages any more, not a number in one that has become another. The sum
modulo 2 (exclusive or) of the rows' SHA-256 changes with every row, whatever their order, so each
insertion, change and deletion updates it in its own transaction.
"""

import sqlite3
from collections.abc import Iterator
from hashlib import sha256

TABLE = "content_digest"
_FUNCTION = "with_row"
DIGEST_BYTES = 32

EVENTS = {"INSERT": ("NEW",), "DELETE": ("OLD",), "UPDATE": ("OLD", "NEW")}
"""What changes a table, and which rows of it."""


def prepare(database: sqlite3.Connection) -> None:
    """Let the connection write to a database with a digest: its triggers call this function."""
    database.create_function(_FUNCTION, -1, _with_row, deterministic=True)


def has_digest(database: sqlite3.Connection) -> bool:
    """Whether the database keeps a digest."""
    found = database.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (TABLE,)).fetchone()
    return found is not None


def statements(database: sqlite3.Connection) -> Iterator[str]:
    """What begins the digest of a database with all its tables, which may have rows."""
    digest = _digest(database).hex()
    yield f"CREATE TABLE {TABLE} (total BLOB NOT NULL) STRICT"
    yield f"INSERT INTO {TABLE} VALUES (x'{digest}')"
    for table, columns in _columns(database):
        for event, sides in EVENTS.items():
            rows = (f"'{table}', " + ", ".join(f"{side}.{column}" for column in columns)
                    for side in sides)
            changes = "".join(f"UPDATE {TABLE} SET total = {_FUNCTION}(total, {row}); "
                              for row in rows)
            yield (f"CREATE TRIGGER digest_{event.lower()}_{table} AFTER {event} ON {table} "
                   f"BEGIN {changes} END")


def removal(database: sqlite3.Connection) -> list[str]:
    """What takes the digest away, so that tables may change and it be begun again."""
    triggers = database.execute(
        "SELECT name FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'digest!_%' "
        "ESCAPE '!'").fetchall()
    return [*(f"DROP TRIGGER {name}" for (name,) in triggers), f"DROP TABLE {TABLE}"]


def agrees(database: sqlite3.Connection) -> bool:
    """Whether the rows are those that were written. Reads all of them."""
    kept = database.execute(f"SELECT total FROM {TABLE}").fetchall()
    try:
        return kept == [(_digest(database),)]
    except sqlite3.OperationalError as error:
        if hasattr(error, "sqlite_errorcode"):
            raise
        return False  # Python's own word on a text whose bytes are none any more


def _digest(database: sqlite3.Connection) -> bytes:
    total = bytes(DIGEST_BYTES)
    for table, columns in list(_columns(database)):
        for row in database.execute(f"SELECT {', '.join(columns)} FROM {table}"):
            total = _with_row(total, table, *row)
    return total


def _columns(database: sqlite3.Connection) -> Iterator[tuple[str, list[str]]]:
    """Every table of ours, and its columns."""
    names = database.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' "
        "AND name <> ? ORDER BY name", (TABLE,)).fetchall()
    for (name,) in names:
        yield name, [row[1] for row in database.execute(f"PRAGMA table_info({name})")]


def _with_row(total: bytes, *row: object) -> bytes:
    digest = sha256(repr(row).encode()).digest()
    return bytes(left ^ right for left, right in zip(total, digest, strict=True))
