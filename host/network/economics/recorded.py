"""The record of a devnet's run: what everybody could see of it, as JSON, and its replay.

Amounts are in wei, hashes and mixes in hexadecimal.

    {"seed": ..., "validators": ..., "minimum_bond": ..., "bonds": {"0": ...}, "genesis_mix": ...,
     "final_slot": ..., "blocks": [{"slot": ..., "proposer": ..., "proposing": ..., "mix": ...,
     "payload_hash": ..., "request_root": ..., "base": ..., "included": [[slot, prover, valid]],
     "matured": [...], "root": ...}]}
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.ground.json_text import JsonObject, parse_json
from proofmill.host.ground.units import GWEI
from proofmill.host.network.economics.replay import Draw, draws_of
from proofmill.host.network.mechanism.ledger import Ledger
from proofmill.host.network.mechanism.lottery import Ticket
from proofmill.host.network.mechanism.parameters import Defences, Parameters
from proofmill.host.network.mechanism.records import SlotRecord
from proofmill.host.network.node.contract_state import IncludedProof
from proofmill.host.network.node.layer2 import BlockFacts, BranchReplay

HASHES = ("root", "mix", "payload_hash", "request_root")
PARAMETERS = Parameters(defences=Defences(calibration=False))
"""A devnet's: its provers are calibrated from the start."""


def record_of(
    seed: int, validators: int, minimum_bond: int, bonds: Mapping[int, int], genesis_mix: bytes,
    final_slot: int, branch: Sequence[BlockFacts],
) -> JsonObject:
    """The record as plain data."""
    return {
        "seed": seed, "validators": validators, "minimum_bond": minimum_bond,
        "bonds": {str(who): bond for who, bond in bonds.items()},
        "genesis_mix": genesis_mix.hex(), "final_slot": final_slot,
        "blocks": [{
            **{name: getattr(block, name).hex() for name in HASHES},
            **{name: getattr(block, name) for name in ("slot", "proposer", "proposing", "base")},
            "included": [[each.slot, each.prover, each.valid] for each in block.included],
            "matured": list(block.matured)} for block in branch],
    }


class RecordedRun:
    """A devnet's run, replayed: what `explain` asks of a `Replay`, in wei."""

    unit = GWEI

    def __init__(self, record: JsonObject) -> None:
        """Raises whatever comes of a `record` that is not one of `record_of`."""
        bonds = {int(who): int(bond) for who, bond in record["bonds"].items()}
        self.parameters = PARAMETERS
        self._run = BranchReplay(
            self.parameters, int(record["minimum_bond"]), bonds,
            bytes.fromhex(record["genesis_mix"]))
        self.tickets: dict[int, tuple[Ticket, ...]] = {}
        for block in record["blocks"]:
            root, mix, payload_hash, request_root = (
                bytes.fromhex(block[name]) for name in HASHES)
            proposing = block["proposing"]
            facts = BlockFacts(
                root, int(block["slot"]), int(block["proposer"]),
                None if proposing is None else int(proposing), mix, payload_hash, request_root,
                int(block["base"]),
                included=tuple(IncludedProof(int(slot), int(prover), bool(valid))
                               for slot, prover, valid in block["included"]),
                matured=tuple(map(int, block["matured"])))
            self._run.add(facts)
            made = self._run.records[facts.slot]
            self.tickets[facts.slot] = tuple(
                ticket for ticket in self.ledger.tickets_for(facts.slot)
                if ticket.prover not in made.passed_over)
        self.ledger.finalise(int(record["final_slot"]))

    @property
    def ledger(self) -> Ledger:
        """After the last block."""
        return self._run.ledger

    @property
    def records(self) -> dict[int, SlotRecord]:
        """By slot."""
        return self._run.records

    def mix_for(self, slot: int) -> bytes:
        """The mix that draws a slot."""
        return self._run.mix_for(slot)

    def draws(self, slot: int) -> list[Draw]:
        """The numbers behind a slot's assignment, primary first."""
        return draws_of(self.records[slot], self.tickets[slot])


def load_run(name: str) -> RecordedRun:
    """Read a record; ProofmillError where it is none."""
    try:
        record = parse_json(Path(name).read_text("utf-8"))
    except OSError as error:
        raise ProofmillError(f"{name}: {error.strerror}; name the file that "
                             "'proofmill devnet --record' has written") from error
    except ValueError as error:
        raise ProofmillError(f"{name}: not JSON: {error}; name the file that "
                             "'proofmill devnet --record' has written") from error
    try:
        return RecordedRun(record)
    except (LookupError, TypeError, ValueError, AttributeError, AssertionError) as error:
        raise ProofmillError(f"{name}: not the record of a devnet's run ({error!r}); name the "
                             "file that 'proofmill devnet --record' has written") from error


def save_run(name: str, record: JsonObject) -> None:
    """Write a record. ProofmillError where the file cannot be made."""
    try:
        Path(name).write_text(json.dumps(record, indent=1) + "\n", "utf-8")
    except OSError as error:
        raise ProofmillError(f"{name}: cannot be written: {error.strerror}; choose another "
                             "place") from error
