"""Rows of the same columns, as data frames and Arrow tables where these are installed."""

from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from proofmill.host.ground.errors import ProofmillError, how_to_install
from proofmill.host.ground.json_text import JsonObject


@dataclass(frozen=True)
class Table:
    """`rows`: a dictionary each, with the same keys in the same order; None where there is no
    value. A column's unit is in its name: `_gwei`, `_share`, `seconds`."""

    rows: tuple[JsonObject, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns' names."""
        return tuple(self.rows[0]) if self.rows else ()

    def column(self, name: str) -> list[Any]:
        """One column's values. KeyError for a name that is none."""
        return [row[name] for row in self.rows]

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[JsonObject]:
        return iter(self.rows)

    def to_pandas(self) -> Any:
        """A `pandas.DataFrame`. ProofmillError where pandas is not installed."""
        return _library("pandas", "to_pandas").DataFrame(list(self.rows), columns=self.columns)

    def to_arrow(self) -> Any:
        """A `pyarrow.Table`. ProofmillError where pyarrow is not installed."""
        return _library("pyarrow", "to_arrow").Table.from_pylist(list(self.rows))


def _library(name: str, what: str) -> Any:
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        raise ProofmillError(f"{what} needs {name}: {how_to_install('research')}") from error
