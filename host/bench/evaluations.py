"""What A w and B w cost on the evaluation unit: entries and cycles, by its model."""

import os
from collections import Counter
from dataclasses import replace

from proofmill.hdl.evaluation import EvaluationShape, Kind
from proofmill.hdl.field import BN254_SCALAR
from proofmill.hdl.presets import STANDARD
from proofmill.host.ground.errors import ProofmillError
from proofmill.host.ground.json_text import JsonObject
from proofmill.host.prover.curve import scalars
from proofmill.host.prover.curve.limbs import from_limbs
from proofmill.host.prover.groth16.evaluation import Evaluator
from proofmill.host.prover.groth16.proving_key import ProvingKey
from proofmill.host.prover.groth16.wtns import read_witness
from proofmill.host.prover.groth16.zkey import read_zkey
from proofmill.sim.evaluation import (
    Entry,
    cycles,
    evaluate,
    in_order,
    numbered,
    sums_cycles,
)

SHARE = 0.97
"""Entries a cycle that are wanted."""


def entries_of(key: ProvingKey) -> list[Entry]:
    """The entries of A and of B, B's rows after A's: `domain_size` each."""
    found = key.coefficients
    values = scalars.to_integers(scalars.from_double_montgomery_limbs(found["value"]))
    return [Entry(int(matrix) * key.domain_size + int(row), int(wire), value)
            for matrix, row, wire, value in zip(
                found["matrix"], found["constraint"], found["signal"], values, strict=True)]


def shape_for(key: ProvingKey, different: int) -> EvaluationShape:
    """A unit of the standard multiplier that holds a key with so many different coefficients."""
    return EvaluationShape(
        multiplier=replace(STANDARD.adder.multiplier, field=BN254_SCALAR),
        wire_bits=(key.wires - 1).bit_length(),
        number_bits=max(2, (different + Kind.STORED).bit_length()),
        row_bits=key.domain_size.bit_length())


def figures(zkey: str | os.PathLike[str], witness: str | os.PathLike[str]) -> JsonObject:
    """Entries of a key by kind, and cycles; the sums of the entries as they go into the unit are
    compared with this machine's. Raises `ProofmillError` for files that are none or do not fit."""
    key, values = read_zkey(zkey), read_witness(witness)
    if len(values) != key.wires:
        raise ProofmillError(f"{os.fspath(witness)} has {len(values)} values, "
                             f"{os.fspath(zkey)} wants {key.wires}; take the circuit's own")
    entries, rows = entries_of(key), 2 * key.domain_size
    shape = shape_for(key, len({entry.coefficient for entry in entries}))
    all_numbered, dictionary = numbered(shape, entries)
    ordered = in_order(all_numbered)
    kinds = Counter(min(entry.number, Kind.STORED) for entry in all_numbered)
    taken = sums_cycles(shape, len(ordered))
    wanted = [value for vector in Evaluator(key).evaluate(values)
              for value in scalars.to_integers(vector)]
    known = {Kind.NOTHING: 0, Kind.ONE: 1, Kind.MINUS_ONE: -1, **dictionary}
    found = evaluate(shape.field, (Entry(row, wire, known[number])
                                   for row, wire, number in ordered), from_limbs(values), rows)
    return {"constraints": key.domain_size, "entries": len(all_numbered),
            "ones": kinds[Kind.ONE], "minus_ones": kinds[Kind.MINUS_ONE],
            "products": kinds[Kind.STORED], "different": len(dictionary),
            "nothing": len(ordered) - len(all_numbered), "cycles": taken,
            "cycles_with_results": cycles(shape, len(ordered), rows),
            "entries_a_cycle": len(all_numbered) / taken, "bar": SHARE,
            "stream_bits": shape.entry.size, "checked": found == wanted}
