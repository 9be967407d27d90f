"""What A w and B w cost on the evaluation unit: entries and cycles, by its model."""

import os
from collections import Counter
from dataclasses import dataclass, replace

from proofmill.hdl.evaluate import room_words
from proofmill.hdl.evaluation import EvaluationShape, Kind
from proofmill.hdl.field import BN254_SCALAR
from proofmill.hdl.presets import STANDARD, with_evaluation
from proofmill.host.ground.errors import ProofmillError
from proofmill.host.ground.json_text import JsonObject
from proofmill.host.prover.curve import scalars
from proofmill.host.prover.curve.limbs import Limbs, from_limbs
from proofmill.host.prover.groth16.evaluation import Evaluator, matrices_of
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
from proofmill.sim.evaluator import Evaluated, Room, program, run

SHARE = 0.97
"""Entries a cycle that are wanted."""


def entries_of(key: ProvingKey) -> list[Entry]:
    """The entries of A and of B, B's rows after A's: `domain_size` each."""
    found = matrices_of(key)
    return [Entry(row, wire, found.coefficients[which]) for row, wire, which in zip(
        found.rows.tolist(), found.wires.tolist(), found.which.tolist(), strict=True)]


def shape_for(key: ProvingKey, different: int) -> EvaluationShape:
    """A unit of the standard multiplier that holds a key with so many different coefficients."""
    return EvaluationShape(
        multiplier=replace(STANDARD.adder.multiplier, field=BN254_SCALAR),
        wire_bits=(key.wires - 1).bit_length(),
        number_bits=max(2, (different + Kind.STORED).bit_length()),
        row_bits=key.domain_size.bit_length())


@dataclass(frozen=True)
class OnChip:
    """A key's program on the standard accelerator: its words, and what it gives for a witness."""

    words: int
    evaluated: Evaluated


def on_the_accelerator(key: ProvingKey, witness: Limbs) -> OnChip:
    """The program of a key, made for `rtl+e` and run by its definition."""
    shape = with_evaluation(STANDARD)
    assert shape.evaluator is not None and shape.transform is not None
    room = Room(**room_words(shape))
    matrices = matrices_of(key)
    words = program(room, BN254_SCALAR.modulus, matrices).tolist()
    return OnChip(len(words), run(
        room, shape.evaluator, words, from_limbs(witness), matrices.power,
        direct=matrices.power <= shape.transform.power))


def figures(zkey: str | os.PathLike[str], witness: str | os.PathLike[str]) -> JsonObject:
    """Entries of a key by kind, and cycles; the sums of the entries as they go into the unit are
    compared with this machine's, and so are those of the program that an accelerator holds. Raises
    `ProofmillError` for files that are none or do not fit."""
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
    on_chip = on_the_accelerator(key, values)
    return {"constraints": key.domain_size, "entries": len(all_numbered),
            "ones": kinds[Kind.ONE], "minus_ones": kinds[Kind.MINUS_ONE],
            "products": kinds[Kind.STORED], "different": len(dictionary),
            "nothing": len(ordered) - len(all_numbered), "cycles": taken,
            "cycles_with_results": cycles(shape, len(ordered), rows),
            "entries_a_cycle": len(all_numbered) / taken, "bar": SHARE,
            "stream_bits": shape.entry.size,
            "program_words": on_chip.words, "phases": on_chip.evaluated.phases,
            "checked": found == wanted == on_chip.evaluated.results
            and not on_chip.evaluated.fault}
