"""Commands and what lies in memory, in words, as a host sends them: in plain integers."""

from collections.abc import Iterable, Sequence

from proofmill.hdl.commands import (
    CODE_BITS,
    CODE_WORDS,
    CODES,
    HEADER,
    PLACE,
    SIZE,
    WORD,
    Command,
    multiply_head,
    pack,
    split,
)
from proofmill.hdl.curve import Curve, Group
from proofmill.hdl.windows import WindowPlan
from proofmill.sim.curve import Affine, Coordinate, loaded


def stored_words(curve: Curve, group: Group, points: Iterable[Affine],
                 unit: Coordinate | None = None) -> list[int]:
    """Points as they lie in the accelerator's memory: see `sim.curve.loaded`."""
    return [word for point in points for part in loaded(curve, group, point, unit)
            for word in split(part, curve.words)]


def load_words(curve: Curve, group: Group, points: Iterable[Affine], address: int = 0,
               unit: Coordinate | None = None) -> list[int]:
    """The words of LOAD for points."""
    return raw_load_words(address, stored_words(curve, group, points, unit))


def raw_load_words(address: int, words: Sequence[int]) -> list[int]:
    """The words of LOAD for `words`, whatever they are."""
    return [pack(HEADER, command=Command.LOAD), pack(PLACE, address=address, count=len(words)),
            *words]


def scalar_words(scalars: Sequence[int]) -> list[int]:
    """Scalars as they go over the link, each in the fewest words: see `hdl.commands.Command`."""
    words = []
    for start in range(0, len(scalars), CODES):
        codes, parts = 0, list[int]()
        for place, scalar in enumerate(scalars[start:start + CODES]):
            code, count = next((code, count) for code, count in enumerate(CODE_WORDS)
                               if not scalar >> WORD * count)
            codes |= code << CODE_BITS * place
            parts += split(scalar, count)
        words += [codes, *parts]
    return words


def multiply_words(group: Group, plan: WindowPlan, scalars: Sequence[int], /, **fields: int
                   ) -> list[int]:
    """The words of MULTIPLY; `fields` as in `hdl.commands.multiply_head`."""
    data = scalar_words([plan.sent(scalar) for scalar in scalars])
    return [*multiply_head(group, plan, **({"count": len(scalars), "words": len(data)} | fields)),
            *data]


def one_way_words(power: int, value_words: int, values: Sequence[int], *, inverse: bool = False,
                  coset: int = 0) -> list[int]:
    """The words of ONE_WAY for 2 ** `power` values."""
    data = [word for value in values for word in split(value, value_words)]
    return [*one_way_head(power, len(data), inverse=inverse, coset=coset), *data]


def one_way_head(power: int, words: int, *, inverse: bool = False, coset: int = 0) -> list[int]:
    """The words of ONE_WAY before those of the values, which are `words`."""
    return [pack(HEADER, command=Command.ONE_WAY, finish=1 | inverse << 1 | coset << 2),
            pack(SIZE, power=power, words=words)]


def transform_words(power: int, value_words: int, a: Sequence[int], b: Sequence[int],
                    address: int = 0, count: int = 0) -> list[int]:
    """The words of TRANSFORM for vectors of 2 ** `power` values, with `count` words of memory."""
    data = [word for value in (*a, *b) for word in split(value, value_words)]
    return [pack(HEADER, command=Command.TRANSFORM), pack(PLACE, address=address, count=count),
            pack(SIZE, power=power, words=len(data)), *data]
