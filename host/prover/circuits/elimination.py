"""Gauss' elimination of sparse rows modulo r, and what it says of rows and columns.

Of the rows, one with the fewest inner columns comes first, and of these columns the one that is in
the fewest other rows: constraints that each define one wire are then eliminated without fill-in.
Outer columns come once no inner one is left.
"""

import heapq
import secrets
from collections.abc import Sequence, Set

from proofmill.host.prover.circuits.constraints import MODULUS


class Elimination:
    """`rows`: entries by column, canonical, none zero. `inner`: columns; the others are outer."""

    def __init__(self, rows: Sequence[dict[int, int]], inner: Set[int]) -> None:
        self._inner = inner
        self._rows = [dict(row) for row in rows]
        self._taken: list[list[tuple[int, int]]] = [[] for _ in rows]
        """For every pivot row: the rows it was taken from, and how often."""
        self._pivots: list[tuple[int, int]] = []
        self._empty: list[int] = []
        self._eliminate()

    def loose_columns(self) -> list[int]:
        """The inner columns where not every x with ``rows * x = 0``, 0 at outer columns, is 0.

        By one random solution: a column is missed with a chance of 1 in r.
        """
        pivots = [(row, column) for row, column in self._pivots if column in self._inner]
        value = {column: 1 + secrets.randbelow(MODULUS - 1)
                 for column in self._inner - {column for _, column in pivots}}
        for row, pivot in reversed(pivots):
            entries = self._rows[row]
            total = sum([entry * value.get(column, 0) for column, entry in entries.items()
                         if column != pivot])
            value[pivot] = -total * pow(entries[pivot], -1, MODULUS) % MODULUS if total else 0
        return sorted(column for column, each in value.items() if each)

    def dependent_rows(self) -> list[int]:
        """The rows that are sums of multiples of other rows: any of them alone could go.

        By one random dependence, as `loose_columns`.
        """
        factor = [0] * len(self._rows)
        for row in self._empty:
            factor[row] = 1 + secrets.randbelow(MODULUS - 1)
        for row, _ in reversed(self._pivots):
            factor[row] = -sum([times * factor[other]
                                for other, times in self._taken[row]]) % MODULUS
        return [row for row, each in enumerate(factor) if each]

    def _eliminate(self) -> None:
        rows, last = self._rows, 1 + len(self._inner)
        containing: dict[int, set[int]] = {}
        for number, row in enumerate(rows):
            for column in row:
                containing.setdefault(column, set()).add(number)

        def cost(row: dict[int, int]) -> int:
            return sum([column in self._inner for column in row]) or last + len(row)

        costs = [cost(row) for row in rows]
        heap = [(each, number) for number, each in enumerate(costs)]
        heapq.heapify(heap)
        done = [False] * len(rows)
        while heap:
            expected, number = heapq.heappop(heap)
            if done[number] or expected != costs[number]:
                continue  # of before an entry changed
            done[number], row = True, rows[number]
            if not row:
                self._empty.append(number)
                continue
            pivot = min([column for column in row if column in self._inner] or row,
                        key=lambda column: len(containing[column]))
            self._pivots.append((number, pivot))
            for column in row:
                containing[column].discard(number)
            inverse = pow(row[pivot], -1, MODULUS)
            for other in list(containing[pivot]):
                self._take(other, number, rows[other][pivot] * inverse % MODULUS, containing)
                costs[other] = cost(rows[other])
                heapq.heappush(heap, (costs[other], other))

    def _take(self, other: int, number: int, times: int, containing: dict[int, set[int]]) -> None:
        """Take `times` row `number` from row `other`."""
        target = self._rows[other]
        self._taken[number].append((other, times))
        for column, entry in self._rows[number].items():
            before = target.get(column)
            value = ((before or 0) - times * entry) % MODULUS
            if value:
                target[column] = value
                if before is None:
                    containing[column].add(other)
            elif before is not None:
                del target[column]
                containing[column].discard(other)
