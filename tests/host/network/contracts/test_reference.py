"""The contracts against the mechanism: one seeded history, one state after every slot."""

from random import Random

from proofmill.host.network.evm.client import RevertedError
from proofmill.host.network.evm.embedded import EmbeddedEvm
from proofmill.host.network.mechanism import invariants
from proofmill.host.network.mechanism.ledger import RewardLedger
from proofmill.host.network.mechanism.parameters import Defences, Parameters
from proofmill.host.network.mechanism.records import Submission
from tests.host.network.contracts.conftest import MakeWorld
from tests.host.network.contracts.world import ETHER, GENESIS_MIX, MINIMUM_BOND, World

NOBODY = 2**64 - 1
SMALL = Parameters(slots_per_epoch=6, window_blocks=6, committee_size=2,
                   rho_start=100_000_000,
                   defences=Defences(calibration=False))


class Twin:
    """A world and a ledger that are told the same."""

    def __init__(self, world: World, seed: int) -> None:
        self.world = world
        self.random = Random(seed)
        self.ledger = RewardLedger(world.parameters, MINIMUM_BOND)
        self.mixes: dict[int, bytes] = {}
        """Final mixes by epoch."""
        self.wins = 0
        self.batches = 0
        self.misses = 0
        self.invalid = 0

    def join(self, prover: int, bond: int) -> None:
        self.world.join(prover, bond)
        self.ledger.join(prover, bond)

    def mix(self, slot: int) -> bytes:
        epoch = slot // self.world.parameters.slots_per_epoch
        return GENESIS_MIX if epoch < 2 else self.mixes[epoch - 2]

    def advance(self) -> None:
        """The protocol's call on both sides; the ledger's slot ends with the next block."""
        world, ledger, slot = self.world, self.ledger, self.world.slot
        per_epoch = world.parameters.slots_per_epoch
        if slot and self.random.random() < 0.5:
            address = world.reward_address(self.random.randrange(len(ledger.provers)))
            world.set_proposer(slot, address)
        world.advance()
        mix = world.mix
        if slot:
            statement = world.statements[slot]
            proposer = statement.proposer[-1] if statement.proposer[0] == 0x77 else None
            ledger.open_slot(slot, statement.payload_root, self.mix(slot), statement.base_wei,
                             statement.load_bps, proposer)
            ledger.close_slot(slot, mix)
        if world.slot % per_epoch == 0:
            self.mixes[world.slot // per_epoch - 1] = mix
        if slot == 0 or world.slot % per_epoch == 0:
            ledger.freeze(world.slot // per_epoch)

    def prove(self, slot: int, prover: int, sound: bool = True) -> bool:
        """Hand a proof in to both; whether they took it. A wrong one is reported with its
        signature."""
        world, ledger = self.world, self.ledger
        key = (world.statements[slot].payload_root, 0)
        reason = ledger.include(world.slot, -world.slot, slot, Submission(
            key, prover, b"", tag_prover=prover, sound=sound))
        if sound:
            try:
                world.submit(slot, prover)
                assert not reason, reason
            except RevertedError:
                assert reason, f"the contract refused prover {prover} for slot {slot}"
            return not reason
        proof = [1] * 8
        digest = world.rewards.call(
            "signed_digest", slot, world.statements[slot].payload_root, prover, proof)
        signature = world.account(f"owner {prover}").sign_hash(digest)
        fields = (signature[64], int.from_bytes(signature[:32], "big"),
                  int.from_bytes(signature[32:64], "big"))
        try:
            world.rewards.send(world.account("carrier"), "report_invalid", slot, prover, proof,
                               *fields)
            assert reason == "the proof does not verify", reason
            self.invalid += 1
        except RevertedError:
            assert reason != "the proof does not verify"
        return False

    def compare(self) -> None:
        """Everything that both know."""
        world, ledger = self.world, self.ledger
        invariants.check_slot(ledger)
        assert world.bonds.call("invariants") and world.rewards.call("invariants")
        for number, prover in ledger.provers.items():
            theirs = world.bonds.call("prover", number)
            assert theirs["bond"] == prover.bond, number
            assert theirs["liabilities"] == prover.liabilities, number
            assert theirs["reliability"] == prover.reliability, number
        for win in self.ledger.pending:
            ours = world.rewards.call("record", win.proven_slot)
            assert ours["winner"] == win.submission.prover, win
            assert ours["included_slot"] == win.included_slot
            assert (ours["prover_amount"], ours["includer_amount"]) == (
                win.prover_gwei, win.includer_gwei)
        assert world.bonds.call("taken") == ledger.totals.taken
        assert world.bonds.call("burned") == ledger.totals.burned
        assert world.bonds.call("bounties") == ledger.totals.bounties
        assert world.bonds.call("returned") == ledger.totals.kept
        assert world.rewards.call("rho") == ledger.rho
        assert world.rewards.call("budgets") == ledger.totals.budgets
        assert world.rewards.call("credited") == ledger.totals.credited
        assert world.rewards.call("settled_epochs") == ledger.settled_epochs
        record = ledger.open.get(world.slot - 1)
        if record is not None:
            primary, committee = world.assignment(record.slot)
            drawn = record.assignment
            assert primary == (NOBODY if drawn.primary is None else drawn.primary)
            assert committee == drawn.committee
        for record in ledger.open.values():
            ours = world.rewards.call("record", record.slot)
            assert ours["won"] == (record.win is not None)

    def play(self) -> None:
        """One slot: some proofs, right and wrong, in time and late, by whom it may concern."""
        random = self.random
        for record in list(self.ledger.open.values()):
            draw = random.random()
            if draw < 0.15 and record.assignment.primary is not None:
                self.prove(record.slot, record.assignment.primary)
            elif draw < 0.3:
                for prover in random.sample(sorted(self.ledger.provers), 4):
                    self.prove(record.slot, prover)
            elif draw < 0.4:
                self.prove(record.slot, random.choice(sorted(self.ledger.provers)), sound=False)
        pending = [len(record.batch) for record in self.ledger.open.values()]
        self.wins += sum(size > 0 for size in pending)
        self.batches += sum(size > 1 for size in pending)


def test_contracts_agree_with_the_reference(make_world: MakeWorld) -> None:
    world = make_world(parameters=SMALL)
    embedded = isinstance(world.evm, EmbeddedEvm)  # where a transaction takes 20 ms
    twin = Twin(world, seed=1)
    for prover in range(6):
        twin.join(prover, (1 + twin.random.randrange(5)) * ETHER + twin.random.randrange(ETHER))
    twin.advance()
    for _ in range(17 if embedded else 50):
        twin.play()
        twin.advance()
        twin.compare()
    assert twin.wins > 5 and twin.batches > 1 and twin.invalid > 0
    assert twin.ledger.totals.bounties > 0 and twin.ledger.totals.kept > 0
    assert twin.ledger.rho != SMALL.rho_start
