"""What a blob costs in seconds, beside c-kzg-4844 (the Python package ckzg), in one process."""

import random
import time
from collections.abc import Callable

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.ground.json_text import JsonObject
from proofmill.host.prover.kzg import blobs, cells, functions
from proofmill.host.prover.kzg.fk20 import transformed_setup
from proofmill.host.prover.kzg.inputs import Elements, Point, blob_of, cell_of
from proofmill.host.prover.kzg.parameters import BLOB_ELEMENTS, CELLS, ELEMENT_BYTES
from proofmill.host.prover.kzg.recover import recover
from proofmill.host.prover.kzg.sums import ProcessorSums
from proofmill.host.prover.native.bls12_381 import ORDER

Tell = Callable[[str, int, int], None]
"""Told (what is being done, steps done, steps in all)."""

Call = Callable[[], object]


def compare(rounds: int, threads: int, seed: int, tell: Tell) -> JsonObject:
    """Each function of a blob of random numbers, by both in alternation; the least time counts.

    Answers must be equal, or both say valid; `ProofmillError` where not. ckzg uses one thread and
    no tables of multiples (`precompute` 0), as the consensus specification's tests do. Both have
    loaded the trusted setup before.
    """
    from eth_consensus_specs.utils import kzg as specification

    tell("loading the trusted setup", 0, 1)
    theirs = specification.load_trusted_setup()
    transformed_setup()
    draw = random.Random(seed)
    data = b"".join(draw.randrange(ORDER).to_bytes(ELEMENT_BYTES, "big")
                    for _ in range(BLOB_ELEMENTS))
    pairs = _pairs(data, theirs, threads, draw)
    results: list[JsonObject] = []
    for number, (name, (own, other)) in enumerate(pairs.items()):
        tell(name, number, len(pairs))
        times: dict[str, list[tuple[float, float]]] = {"proofmill": [], "ckzg": []}
        for _ in range(rounds):
            answers = [_timed(call, times[who]) for who, call in (
                ("proofmill", own), ("ckzg", other))]
            if answers[0] != answers[1]:
                raise ProofmillError(f"{name}, seed {seed}: proofmill's answer is not ckzg's; "
                                     "please report it with this seed")
        cpu, wall = ({who: min(each[place] for each in found) for who, found in times.items()}
                     for place in (0, 1))
        results.append({"function": name, "cpu_seconds": cpu, "wall_seconds": wall,
                        "cpu_ratio": cpu["proofmill"] / cpu["ckzg"],
                        "wall_ratio": wall["proofmill"] / wall["ckzg"]})
    return {"rounds": rounds, "threads": threads, "seed": seed, "results": results}


def _pairs(data: bytes, setup: object, threads: int, draw: random.Random
           ) -> dict[str, tuple[Call, Call]]:
    """(ours, theirs) by what they compute."""
    import ckzg

    sums, commitment = ProcessorSums(threads), functions.blob_to_kzg_commitment(data)
    proof = functions.compute_blob_kzg_proof(data, commitment)
    made, proofs = functions.compute_cells_and_kzg_proofs(data)
    everywhere = ([commitment] * CELLS, list(range(CELLS)), made, proofs)
    kept = sorted(draw.sample(range(CELLS), CELLS // 2))
    some = [made[index] for index in kept]

    def prove(blob: Elements) -> bytes:
        at = blobs.challenge(blob, Point(commitment, b""))
        return blobs.prove(blob, at, sums)[0].compressed

    def both(coefficients: bytes) -> list[list[bytes]]:
        return [cells.cells_of(coefficients, threads), cells.proofs_of(coefficients, threads)]

    def listed(answer: tuple[list[bytes], list[bytes]]) -> list[list[bytes]]:
        return [list(each) for each in answer]

    return {
        "commitment": (lambda: blobs.commit(blob_of(data), sums).compressed,
                       lambda: ckzg.blob_to_kzg_commitment(data, setup)),
        "proof of a blob": (lambda: prove(blob_of(data)),
                            lambda: ckzg.compute_blob_kzg_proof(data, commitment, setup)),
        "verification of a blob": (
            lambda: functions.verify_blob_kzg_proof(data, commitment, proof),
            lambda: ckzg.verify_blob_kzg_proof(data, commitment, proof, setup)),
        "cells and their proofs": (
            lambda: both(cells.coefficients_of(blob_of(data), threads)),
            lambda: listed(ckzg.compute_cells_and_kzg_proofs(data, setup))),
        "verification of 128 cells": (
            lambda: functions.verify_cell_kzg_proof_batch(*everywhere),
            lambda: ckzg.verify_cell_kzg_proof_batch(*everywhere, setup)),
        "recovery from 64 cells": (
            lambda: both(recover(kept, [cell_of(each) for each in some], threads)),
            lambda: listed(ckzg.recover_cells_and_kzg_proofs(kept, some, setup))),
    }


def _timed(call: Call, times: list[tuple[float, float]]) -> object:
    wall, cpu = time.perf_counter(), time.process_time()
    answer = call()
    times.append((time.process_time() - cpu, time.perf_counter() - wall))
    return answer
