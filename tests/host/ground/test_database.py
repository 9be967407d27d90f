"""Versions of a SQLite file: earlier ones are led up step by step, later ones refused."""

import sqlite3
from collections.abc import Sequence
from pathlib import Path

import pytest

from proofmill.host.ground.database import DamagedError, Database, ReplaceableDatabase, Step
from proofmill.host.ground.errors import ProofmillError

FIRST = "CREATE TABLE sums (name TEXT PRIMARY KEY, amount INTEGER NOT NULL) STRICT;"
SECOND = FIRST[:-9] + ", unit TEXT NOT NULL DEFAULT 'wei') STRICT;"
THIRD = SECOND + "CREATE TABLE owners (name TEXT PRIMARY KEY, sums INTEGER NOT NULL) STRICT;"


def add_unit(database: sqlite3.Connection) -> None:
    database.execute("ALTER TABLE sums ADD COLUMN unit TEXT NOT NULL DEFAULT 'wei'")


def add_owners(database: sqlite3.Connection) -> None:
    database.execute(THIRD.partition("STRICT;")[2])
    database.execute("INSERT INTO owners SELECT name, count(*) FROM sums GROUP BY name")


class Sums(Database):
    def __init__(self, path: Path, schema: str, steps: Sequence[Step]) -> None:
        super().__init__(path, schema, len(steps) + 1, "file of sums", steps)

    def add(self, name: str, amount: int) -> None:
        with self._transaction() as database:
            database.execute("INSERT INTO sums (name, amount) VALUES (?, ?)", (name, amount))

    def all(self, table: str = "sums") -> list[tuple[object, ...]]:
        return self._rows(f"SELECT * FROM {table} ORDER BY name")


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A file of version 1, written as the release that had it did."""
    path = tmp_path / "sums.sqlite"
    with Sums(path, FIRST, []) as sums:
        sums.add("a", 1)
        sums.add("b", 2)
    return path


@pytest.mark.parametrize("schema, steps", [(SECOND, [add_unit]), (THIRD, [add_unit, add_owners])])
def test_an_earlier_version_becomes_this_one_and_stays_beside_it(
        old: Path, schema: str, steps: list[Step], capsys: pytest.CaptureFixture[str]) -> None:
    with Sums(old, schema, steps) as sums:
        assert sums.all() == [("a", 1, "wei"), ("b", 2, "wei")]
        assert len(steps) == 1 or sums.all("owners") == [("a", 1), ("b", 1)]
        sums.add("c", 3)
    said = capsys.readouterr().err
    assert f"is of version 1 and becomes one of version {len(steps) + 1}" in said
    with Sums(old, schema, steps) as again:  # the digest agrees, of the new tables as well
        assert len(again.all()) == 3
    assert capsys.readouterr().err == ""
    with Sums(old.with_name("sums.sqlite.v1"), FIRST, []) as before:
        assert before.all() == [("a", 1), ("b", 2)]
    made = old.with_name("made.sqlite")
    Sums(made, schema, steps).close()
    tables = []
    for path in (old, made):
        with sqlite3.connect(path) as database:
            tables.append(database.execute(
                "SELECT name FROM sqlite_master WHERE sql NOT NULL ORDER BY name").fetchall())
    assert tables[0] == tables[1]


def test_a_step_that_fails_leaves_the_file_as_it_was(old: Path) -> None:
    def fail(database: sqlite3.Connection) -> None:
        database.execute("DELETE FROM sums")
        raise sqlite3.OperationalError("no such function")

    with pytest.raises(sqlite3.OperationalError):
        Sums(old, THIRD, [add_unit, fail])
    with Sums(old, FIRST, []) as sums:
        assert sums.all() == [("a", 1), ("b", 2)]


@pytest.mark.parametrize("kind", [Database, ReplaceableDatabase])
def test_a_later_version_is_refused_and_not_touched(old: Path, kind: type[Database]) -> None:
    with sqlite3.connect(old) as database:
        database.execute("PRAGMA user_version = 4")
    database.close()
    content = old.read_bytes()
    with pytest.raises(ProofmillError, match="of version 4, this release reads up to 3; use the "
                                             "release that wrote it"):
        kind(old, THIRD, 3, "file of sums", [add_unit, add_owners])
    assert old.read_bytes() == content and not old.with_name("sums.sqlite.v4").exists()


def test_a_damaged_file_of_an_earlier_version_is_not_led_up(old: Path) -> None:
    with sqlite3.connect(old) as database:
        database.create_function("with_row", -1, lambda total, *row: total)
        database.execute("UPDATE sums SET amount = 7 WHERE name = 'a'")
    database.close()
    with pytest.raises(DamagedError, match="its rows are not those"):
        Sums(old, SECOND, [add_unit])
    assert not old.with_name("sums.sqlite.v1").exists()


def test_a_flipped_byte_that_makes_a_text_none_is_damage(tmp_path: Path) -> None:
    """Python cannot read it, and says so by an error without a code of SQLite's."""
    path, schema = tmp_path / "notes.sqlite", "CREATE TABLE notes (name TEXT NOT NULL) STRICT;"
    with Sums(path, schema, []) as notes:
        with notes._transaction() as database:
            database.execute("INSERT INTO notes VALUES ('a note of ours')")
    content = path.read_bytes()
    assert content.count(b"a note of ours") == 1
    path.write_bytes(content.replace(b"a note of ours", b"a note \xe1f ours"))
    with pytest.raises(DamagedError, match="its rows are not those that were written"):
        Sums(path, schema, [])


@pytest.mark.parametrize("kind", [Database, ReplaceableDatabase])
def test_a_file_that_was_just_made_can_be_synchronised(kind: type[Database], tmp_path: Path
                                                       ) -> None:
    with kind(tmp_path / "file.sqlite", "CREATE TABLE t (a TEXT) STRICT;", 1,
              "file") as made:
        made.sync()
