"""The vectors' paths, and every single change of a JSON value."""

import copy
from collections.abc import Iterator
from typing import Any

from tests.host.prover.groth16.files import VECTORS

PLONK = VECTORS / "plonk"
R1CS, WITNESS = PLONK / "mix.r1cs", PLONK / "mix.wtns"
LABELS = ("protocol", "curve")


def changes(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """The path of every number in parsed JSON, and the whole with that number one more."""
    places = value.items() if isinstance(value, dict) else enumerate(value)
    for place, item in places:
        if place in LABELS:
            continue
        if isinstance(item, dict | list):
            for inner, changed in changes(item, f"{path}{place}."):
                other = copy.copy(value)
                other[place] = changed
                yield inner, other
        else:
            other = copy.copy(value)
            other[place] = type(item)(int(item) + 1)
            yield f"{path}{place}", other
