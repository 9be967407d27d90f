"""The record of a devnet's run: what everybody could see of it, as JSON, and its replay.

Amounts are in wei, hashes and mixes in hexadecimal.

    {"seed": ..., "validators": ..., "minimum_bond": ..., "bonds": {"0": ...}, "genesis_mix": ...,
     "final_slot": ..., "blocks": [{"slot": ..., "proposer": ..., "proposing": ..., "mix": ...,
     "payload_hash": ..., "request_root": ..., "base": ..., "included": [[slot, prover, valid]],
     "matured": [...], "divided": [...], "drawing": ..., "root": ...,
     "witnessed": [[slot, proven slot, payload root, prover]]}]}

"witnesses" is there, and true, where they count.

"certificates" has what was paid for certificates of finality, in the order of epochs:
{"epoch": ..., "prover": ..., "prover_wei": ..., "includer": ..., "includer_wei": ...,
"including_slot": ..., "matured": ...}. "notes" has by slot and prover what the prover's own node
has written down of a job that had to wait or was given up. Where nodes have failed, "failures" says
of each, by name, the "reason" and the "trace".
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated

from msgspec import Meta, Struct

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.ground.json_text import JsonObject, parse_json
from proofmill.host.ground.output import write_atomically
from proofmill.host.ground.typed import typed
from proofmill.host.ground.units import GWEI
from proofmill.host.network.economics.replay import Draw, draws_of
from proofmill.host.network.mechanism.certificates import CertificateLedger
from proofmill.host.network.mechanism.ledger import RewardLedger
from proofmill.host.network.mechanism.parameters import Defences, Parameters
from proofmill.host.network.mechanism.records import SlotRecord
from proofmill.host.network.node.contract_state import IncludedProof, WitnessedProof
from proofmill.host.network.node.layer2 import BlockFacts, BranchReplay, CreditedCertificate

HASHES = ("root", "mix", "payload_hash", "request_root")
PARAMETERS = Parameters(defences=Defences(calibration=False))
"""A devnet's: its provers are calibrated from the start."""


Hash = Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
Whole = Annotated[int, Meta(ge=0)]


class RecordedBlock(Struct, frozen=True):
    """A block, and what its transactions did."""

    root: Hash
    mix: Hash
    payload_hash: Hash
    request_root: Hash
    slot: Whole
    proposer: Whole
    proposing: Whole | None
    base: Whole
    included: tuple[tuple[Whole, Whole, bool], ...]
    """(slot, prover, valid)."""
    matured: tuple[Whole, ...]
    divided: tuple[Whole, ...] = ()
    drawing: Hash | None = None
    """What a delay function makes of the mix that draws the epoch, where the block brings it."""
    witnessed: tuple[tuple[Whole, Whole, Hash, Whole], ...] = ()
    """As `WitnessedProof`."""


class RecordedCertificate(Struct, frozen=True):
    """As `CreditedCertificate`."""

    epoch: Whole
    prover: Whole
    prover_wei: Whole
    includer: Whole | None
    includer_wei: Whole
    including_slot: Whole
    matured: bool


class Record(Struct, frozen=True):
    """What a file holds, as far as a replay needs it."""

    minimum_bond: Whole
    bonds: dict[str, Whole]
    genesis_mix: Hash
    final_slot: Whole
    blocks: tuple[RecordedBlock, ...]
    notes: dict[str, dict[str, str]] = {}
    certificates: tuple[RecordedCertificate, ...] = ()
    witnesses: bool = False


def record_of(
    seed: int, validators: int, minimum_bond: int, bonds: Mapping[int, int], genesis_mix: bytes,
    final_slot: int, branch: Sequence[BlockFacts],
    notes: Mapping[int, Mapping[int, str]] | None = None,
    certificates: Sequence[CreditedCertificate] = (), witnesses: bool = False,
) -> JsonObject:
    """The record as plain data; `notes`: by prover and slot; `witnesses`: whether they count."""
    by_slot: dict[str, dict[str, str]] = {}
    for prover, said in (notes or {}).items():
        for slot, note in said.items():
            by_slot.setdefault(str(slot), {})[str(prover)] = note
    return {
        "seed": seed, "validators": validators, "minimum_bond": minimum_bond,
        "bonds": {str(who): bond for who, bond in bonds.items()},
        "genesis_mix": genesis_mix.hex(), "final_slot": final_slot,
        "blocks": [{
            **{name: getattr(block, name).hex() for name in HASHES},
            **{name: getattr(block, name) for name in ("slot", "proposer", "proposing", "base")},
            "included": [[each.slot, each.prover, each.valid] for each in block.included],
            "matured": list(block.matured), "divided": sorted(block.divided),
            **({} if block.drawing is None else {"drawing": block.drawing.hex()}),
            **({"witnessed": [[each.slot, each.proven_slot, each.payload_root.hex(), each.prover]
                              for each in block.witnessed]} if block.witnessed else {})}
            for block in branch],
        "notes": by_slot, "certificates": [vars(each) for each in certificates],
        **({"witnesses": True} if witnesses else {}),
    }


class RecordedRun:
    """A devnet's run, replayed: what `explain` asks of a `Replay`, in wei."""

    unit = GWEI

    def __init__(self, record: Record) -> None:
        """AssertionError, or what else the replay raises, for blocks that are no branch."""
        self.parameters = replace(PARAMETERS, defences=replace(
            PARAMETERS.defences, witnesses=record.witnesses))
        self._run = BranchReplay(
            self.parameters, record.minimum_bond,
            {int(who): bond for who, bond in record.bonds.items()},
            bytes.fromhex(record.genesis_mix))
        bases: dict[int, int] = {}
        rhos: dict[int, int] = {}
        before = 0
        for block in record.blocks:
            root, mix, payload_hash, request_root = (
                bytes.fromhex(getattr(block, name)) for name in HASHES)
            facts = BlockFacts(
                root, block.slot, block.proposer, block.proposing, mix, payload_hash, request_root,
                block.base, included=tuple(IncludedProof(*each) for each in block.included),
                matured=block.matured, divided=frozenset(block.divided),
                drawing=None if block.drawing is None else bytes.fromhex(block.drawing),
                witnessed=tuple(WitnessedProof(slot, proven, bytes.fromhex(named), prover)
                                for slot, proven, named, prover in block.witnessed))
            self._run.add(facts)
            bases[block.slot], before = before, block.base
            rhos[block.slot] = self.ledger.rho
        self.certificates = {each.epoch: each for each in record.certificates}
        """By epoch, what was paid for certificates of finality."""
        paid = CertificateLedger(self.parameters)
        for each in record.certificates:
            slot = each.including_slot
            ours = paid.include(each.epoch, each.prover, b"", slot, bases[slot], rhos[slot])
            if (each.prover_wei, each.includer_wei) != (ours.prover_amount, ours.includer_amount):
                raise ValueError(
                    f"the certificate of epoch {each.epoch} brings {ours.prover_amount} and "
                    f"{ours.includer_amount} wei, not {each.prover_wei} and {each.includer_wei}")
        self.ledger.finalise(record.final_slot)
        self.delayed = any(block.drawing is not None for block in record.blocks)
        self.notes = {int(slot): {int(prover): note for prover, note in said.items()}
                      for slot, said in record.notes.items()}

    @property
    def ledger(self) -> RewardLedger:
        """After the last block."""
        return self._run.ledger

    @property
    def records(self) -> dict[int, SlotRecord]:
        """By slot."""
        return self._run.records

    def mix_for(self, slot: int) -> bytes:
        """The mix that draws a slot."""
        return self._run.mix_for(slot)

    def explain_certificate(self, epoch: int) -> list[str]:
        """Who was paid for the certificate of an epoch, and why so much, in sentences.
        `ProofmillError` where the chain has paid none."""
        found = self.certificates.get(epoch)
        if found is None:
            known = ", ".join(map(str, self.certificates)) or "none"
            raise ProofmillError(
                f"--epoch {epoch}: the run has paid no certificate of this epoch; epochs with a "
                f"certificate in a block are: {known}")
        whose = "nobody's validator" if found.includer is None else f"validator {found.includer}"
        share = self.parameters.certificate_bps / 100
        return [
            (f"The certificate of epoch {epoch} was made by prover {found.prover}, says its tag, "
             f"and is in the block of slot {found.including_slot}, of {whose}."),
            (f"An epoch's first certificate brings {share:g} % of what its "
             f"{self.parameters.slots_per_epoch} slots may pay at rho as it is in that block: "
             f"{found.prover_wei // GWEI:,} gwei to the prover (56 of 64 parts) and "
             f"{found.includer_wei // GWEI:,} to the includer (8)."),
            "It is paid out: the block is final." if found.matured else
            "It is pending until the block is final and somebody has it paid out."]

    def draws(self, slot: int) -> list[Draw]:
        """The numbers behind a slot's assignment, primary first."""
        return draws_of(self.records[slot])


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
        return replayed(record, f"{name}: not the record of a devnet's run")
    except (LookupError, TypeError, ValueError, AttributeError, AssertionError) as error:
        raise ProofmillError(f"{name}: not the record of a devnet's run ({error!r}); name the "
                             "file that 'proofmill devnet --record' has written") from error


def replayed(record: JsonObject, what: str = "the run") -> RecordedRun:
    """The run that plain data records. ProofmillError, which says `what` it is, for other data."""
    return RecordedRun(typed(record, Record, what))


def save_run(name: str, record: JsonObject) -> None:
    """Write a record. ProofmillError where the file cannot be made."""
    write_atomically(name, [(json.dumps(record, indent=1) + "\n").encode()])
