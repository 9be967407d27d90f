# pragma version ^0.4.0
# @license Apache-2.0
"""
@title Jobs for results of models, with a proof or with one that can be asked for
@notice The market's second kind of job, beside proofs for circuits (Market). The rules of
        proofmill.host.network.mechanism.results, amounts in wei, times in blocks.

        A job names a model of a registry (ERC-7992), a commitment to the input, and whether the
        result comes with its proof. Price and locks are those of Market: the price rises from
        `lowest` to `highest` and stays; a seller locks the job at the price of that block, with a
        collateral of `multiple` times the price (at least m, at least `DEPOSIT`), and has `time`
        blocks. A lock that ends without a result costs all of the collateral; price and deadline
        stand still meanwhile, and after `FAILED_LOCKS` of them the job has no more: it is
        anybody's who brings a result with its proof, which is under the tag of who brings it.

        PROVEN    the result is verified when it comes, and paid.
        UNPROVEN  the result is kept, and paid `window` blocks later. Until then its buyer, and
                  nobody else, can ask for the proof, and pays `proof_price` for it. The seller has
                  `proof_time` blocks; a proof of another output, or none, and the buyer has all
                  back that it has paid, and the collateral is burned.

        Nobody gains by a collateral: what is lost is burned whole. So a buyer cannot want a seller
        to fail, and a seller whose accomplice buys from it loses. Whoever asks for a proof of one
        result in n makes wrong ones a loss with `multiple` = n.

        A job is of the model as it was when the job was posted: the hash of its verification key is
        kept, and `getModel`, with a job's number for a model's, gives it to a verifier of ERC-7992
        whose registry this contract is. So the owner of a model that changes it, or deprecates it,
        makes nobody fail that has locked a job, and lets nobody off.

        Fee and subsidy are those of Market: 5 % is burned, a subsidy is at most 80 % of that.
"""

struct ModelCommitment:
    modelHash: bytes32
    circuitHash: bytes32
    vkHash: bytes32
    proofSystemId: bytes4
    uri: String[256]

interface Models:
    def getModel(modelId: uint256) -> (ModelCommitment, bool, address): view

interface Verifier:
    def registry() -> address: view

flag State:
    OPEN
    LOCKED
    GIVEN
    ASKED
    DONE
    CLOSED

struct Terms:
    proven: bool
    lowest: uint256
    highest: uint256
    ramp: uint256
    duration: uint256
    time: uint256  # blocks that a lock lasts
    multiple: uint256  # the collateral over the price
    window: uint256  # UNPROVEN: blocks in which the proof can be asked for
    proof_price: uint256
    proof_time: uint256  # blocks from then on
    subsidy: uint256  # what is asked for

struct Job:
    requester: address
    model: uint256
    key_hash: bytes32
    commitment: bytes32  # to the input
    state: State
    terms: Terms
    start: uint256
    deadline: uint256  # the last block in which a result counts
    solver: address
    price: uint256  # of the lock, or what was paid
    collateral: uint256
    until: uint256  # LOCKED, GIVEN, ASKED: the last block of that
    output_hash: bytes32
    stood_still: uint256  # blocks that failed locks took
    failed_locks: uint256

event Posted:
    job: indexed(uint256)
    requester: indexed(address)
    model: indexed(uint256)
    model_hash: bytes32
    key_hash: bytes32
    commitment: bytes32
    inputs_digest: bytes32
    inputs_place: String[256]
event Locked:
    job: indexed(uint256)
    solver: indexed(address)
    price: uint256
    collateral: uint256
    until: uint256
event LockMissed:
    job: indexed(uint256)
    solver: indexed(address)
    cost: uint256
event Given:
    job: indexed(uint256)
    solver: indexed(address)
    output: Bytes[1984]
    until: uint256
event Asked:
    job: indexed(uint256)
    until: uint256
event Proven:
    job: indexed(uint256)
    solver: indexed(address)
event Refuted:
    job: indexed(uint256)
    solver: indexed(address)
    cost: uint256
event Solved:
    job: indexed(uint256)
    solver: indexed(address)
    paid: uint256
    burned: uint256
    subsidy: uint256
event Ended:
    job: indexed(uint256)
event Withdrawn:
    receiver: indexed(address)
    amount: uint256

R: constant(uint256) = 21888242871839275222246405745257275088548364400416034343698204186575808495617
GROTH16: constant(bytes4) = 0x0550d137   # of keccak256("groth16-bn254-v1")
FULL: constant(uint256) = 10_000
LONGEST: constant(uint256) = 2 ** 40  # blocks of a job

MODELS: immutable(Models)
COLLATERAL_MULTIPLE: public(immutable(uint256))  # m
BURNED_SHARE: public(immutable(uint256))  # of the fee, basis points
SUBSIDY_SHARE: public(immutable(uint256))  # phi, of what was burned, basis points
DEPOSIT: public(immutable(uint256))
FAILED_LOCKS: public(immutable(uint256))
CREATOR: immutable(address)

verifier: public(Verifier)
jobs: HashMap[uint256, Job]
job_count: public(uint256)
credits: public(HashMap[address, uint256])
pool: public(uint256)
burned: public(uint256)
fees_burned: public(uint256)
subsidies: public(uint256)
held: public(uint256)  # what belongs to jobs, locks, credits and the pool

@deploy
def __init__(models: address, collateral_multiple: uint256, burned_share: uint256,
             subsidy_share: uint256, deposit: uint256, failed_locks: uint256):
    assert models.is_contract, "there is no registry of models"
    assert subsidy_share < FULL, "a subsidy that is all of the burned fee invites wash trading"
    assert burned_share <= FULL, "more than everything"
    assert collateral_multiple > 0 and deposit > 0 and failed_locks > 0, "a lock is free"
    MODELS = Models(models)
    COLLATERAL_MULTIPLE = collateral_multiple
    BURNED_SHARE = burned_share
    SUBSIDY_SHARE = subsidy_share
    DEPOSIT = deposit
    FAILED_LOCKS = failed_locks
    CREATOR = msg.sender

@external
def connect(verifier: address):
    """
    @notice Name the verifier, whose registry is this contract: once, by who created this contract.
    """
    assert msg.sender == CREATOR, "only the creator connects the verifier"
    assert self.verifier.address == empty(address), "the verifier is connected already"
    assert staticcall Verifier(verifier).registry() == self, "the verifier has another registry"
    self.verifier = Verifier(verifier)

@external
@payable
def post(model: uint256, commitment: bytes32, terms: Terms, inputs_digest: bytes32,
         inputs_place: String[256]) -> uint256:
    """
    @notice Offer a job; the value is the highest price.
    @param commitment To the input: Poseidon, as the model's circuit has it.
    @param inputs_digest What the input and its salt hash to (keccak-256).
    @param inputs_place Where they are: a URL; `data:` with them if they are short.
    """
    assert self.verifier.address != empty(address), "no verifier is connected"
    assert inputs_digest != empty(bytes32) and len(inputs_place) > 0, (
        "the inputs' hash and their place are needed")
    assert convert(commitment, uint256) < R, "no input has this commitment"
    assert terms.lowest <= terms.highest and terms.highest > 0, (
        "the highest price is below the lowest")
    assert msg.value == terms.highest, "the highest price has to be paid in"
    assert terms.multiple >= COLLATERAL_MULTIPLE, "the collateral is less than the least"
    assert terms.time > 0 and terms.duration >= terms.time, "the job is over before a lock is"
    assert max(max(terms.duration, terms.window), terms.proof_time) <= LONGEST, (
        "the job would last too long")
    assert terms.multiple <= LONGEST, "the collateral would be too much"
    assert terms.proven or (terms.window > 0 and terms.proof_time > 0), (
        "there is no time to ask for the proof, or to make it")
    known: ModelCommitment = empty(ModelCommitment)
    deprecated: bool = False
    owner: address = empty(address)
    known, deprecated, owner = staticcall MODELS.getModel(model)
    assert not deprecated, "the model is deprecated"
    assert known.proofSystemId == GROTH16, "the model's results are proven by another system"
    number: uint256 = self.job_count
    self.job_count += 1
    self.jobs[number].requester = msg.sender
    self.jobs[number].model = model
    self.jobs[number].key_hash = known.vkHash
    self.jobs[number].commitment = commitment
    self.jobs[number].state = State.OPEN
    self.jobs[number].terms = terms
    self.jobs[number].start = block.number
    self.jobs[number].deadline = block.number + terms.duration
    self.held += msg.value
    log Posted(job=number, requester=msg.sender, model=model, model_hash=known.modelHash,
               key_hash=known.vkHash, commitment=commitment, inputs_digest=inputs_digest,
               inputs_place=inputs_place)
    return number

@external
@payable
def lock(number: uint256):
    """
    @notice Take a job at the price of this block; the value is the collateral.
    """
    assert self.jobs[number].state == State.OPEN, "the job is not open"
    assert self.jobs[number].failed_locks < FAILED_LOCKS, "this job has no more locks"
    until: uint256 = block.number + self.jobs[number].terms.time
    assert until <= self.jobs[number].deadline, "the job ends before the lock would"
    price: uint256 = self._price(number, block.number)
    assert msg.value == max(price * self.jobs[number].terms.multiple, DEPOSIT), (
        "the collateral is another")
    self.jobs[number].state = State.LOCKED
    self.jobs[number].solver = msg.sender
    self.jobs[number].price = price
    self.jobs[number].collateral = msg.value
    self.jobs[number].until = until
    self.held += msg.value
    log Locked(job=number, solver=msg.sender, price=price, collateral=msg.value, until=until)

@external
def end_lock(number: uint256):
    """
    @notice The seller's time has passed without a result: its collateral is burned, and the job is
            open again, as if the lock had not been.
    """
    assert self.jobs[number].state == State.LOCKED, "the job is not locked"
    assert block.number > self.jobs[number].until, "the seller has time left"
    took: uint256 = self.jobs[number].terms.time + 1
    self.jobs[number].stood_still += took
    self.jobs[number].deadline += took
    self.jobs[number].failed_locks += 1
    self.jobs[number].state = State.OPEN
    log LockMissed(job=number, solver=self.jobs[number].solver,
                   cost=self.jobs[number].collateral)
    self._lose_collateral(number)

@external
def give(number: uint256, output: Bytes[1984]):
    """
    @notice Deliver an UNPROVEN result; its proof can be asked for from now on.
    """
    assert not self.jobs[number].terms.proven, "a result of this job comes with its proof"
    self._only_lock(number)
    assert len(output) > 0 and len(output) % 32 == 0, "an output is one word or more"
    until: uint256 = block.number + self.jobs[number].terms.window
    self.jobs[number].state = State.GIVEN
    self.jobs[number].output_hash = keccak256(output)
    self.jobs[number].until = until
    log Given(job=number, solver=msg.sender, output=output, until=until)

@external
def give_proven(number: uint256, output: Bytes[1984], proof: Bytes[4864]):
    """
    @notice Deliver a result with its proof, under the sender's tag: of a lock, or, where the job has
            no more locks, by anybody.
    """
    price: uint256 = self.jobs[number].price
    if self.jobs[number].state == State.OPEN:
        assert self.jobs[number].failed_locks >= FAILED_LOCKS, "the job has to be locked"
        assert block.number <= self.jobs[number].deadline, "the job is over"
        price = self._price(number, block.number)
    else:
        self._only_lock(number)
    self._check(number, output, proof, msg.sender)
    log Given(job=number, solver=msg.sender, output=output, until=block.number)
    self._pay(number, msg.sender, price, price)

@external
@payable
def ask(number: uint256):
    """
    @notice Ask for the proof of a result that was given; the value is its price. Only the buyer can.
    """
    assert self.jobs[number].state == State.GIVEN, "no result is given, or its proof is asked for"
    assert msg.sender == self.jobs[number].requester, "only the buyer asks for a proof"
    assert block.number <= self.jobs[number].until, "the time to ask is over"
    assert msg.value == self.jobs[number].terms.proof_price, "the proof's price is another"
    until: uint256 = block.number + self.jobs[number].terms.proof_time
    self.jobs[number].state = State.ASKED
    self.jobs[number].until = until
    self.held += msg.value
    log Asked(job=number, until=until)

@external
def prove(number: uint256, output: Bytes[1984], proof: Bytes[4864]):
    """
    @notice Prove the result that was given, under its seller's tag; anybody can carry the proof.
    """
    assert self.jobs[number].state == State.ASKED, "no proof is asked for"
    assert block.number <= self.jobs[number].until, "the time to prove is over"
    assert keccak256(output) == self.jobs[number].output_hash, "another output was given"
    solver: address = self.jobs[number].solver
    self._check(number, output, proof, solver)
    log Proven(job=number, solver=solver)
    price: uint256 = self.jobs[number].price
    self._pay(number, solver, price, price + self.jobs[number].terms.proof_price)

@external
def refute(number: uint256):
    """
    @notice The proof did not come in time: the buyer has all back, the collateral is burned.
    """
    assert self.jobs[number].state == State.ASKED, "no proof is asked for"
    assert block.number > self.jobs[number].until, "the seller has time left"
    self.jobs[number].state = State.CLOSED
    self.credits[self.jobs[number].requester] += (self.jobs[number].terms.highest
                                                  + self.jobs[number].terms.proof_price)
    log Refuted(job=number, solver=self.jobs[number].solver, cost=self.jobs[number].collateral)
    self._lose_collateral(number)

@external
def settle(number: uint256):
    """
    @notice Pay a result whose proof was not asked for in time.
    """
    assert self.jobs[number].state == State.GIVEN, "no result is given, or its proof is asked for"
    assert block.number > self.jobs[number].until, "its proof can be asked for still"
    price: uint256 = self.jobs[number].price
    self._pay(number, self.jobs[number].solver, price, price)

@external
def end(number: uint256):
    """
    @notice Close a job that nobody took in time: the price goes back.
    """
    assert self.jobs[number].state == State.OPEN, "the job is not open"
    assert block.number > self.jobs[number].deadline, "the job is not over"
    self.jobs[number].state = State.CLOSED
    self.credits[self.jobs[number].requester] += self.jobs[number].terms.highest
    log Ended(job=number)

@external
@payable
def fund():
    """
    @notice Add to the pool that subsidies come from.
    """
    self.pool += msg.value
    self.held += msg.value

@external
@nonreentrant
def collect():
    """
    @notice Pay out what the sender has coming.
    """
    amount: uint256 = self.credits[msg.sender]
    assert amount > 0, "there is nothing to collect"
    self.credits[msg.sender] = 0
    self.held -= amount
    log Withdrawn(receiver=msg.sender, amount=amount)
    raw_call(msg.sender, b"", value=amount)

@external
@view
def getModel(modelId: uint256) -> (ModelCommitment, bool, address):
    """
    @notice For the verifier: the key of a job's model, as it was when the job was posted.
    """
    assert modelId < self.job_count, "there is no such job"
    return ModelCommitment(
        modelHash=empty(bytes32), circuitHash=empty(bytes32),
        vkHash=self.jobs[modelId].key_hash, proofSystemId=GROTH16, uri=""
    ), False, self.jobs[modelId].requester

@external
@view
def job(number: uint256) -> Job:
    return self.jobs[number]

@external
@view
def price(number: uint256) -> uint256:
    """
    @notice What the job pays in this block.
    """
    return self._price(number, block.number)

@external
@view
def invariants() -> bool:
    """
    @notice The balance holds what is owed, and subsidies are at most phi times the burned fees.
    """
    return (self.balance >= self.held
            and self.subsidies * FULL <= self.fees_burned * SUBSIDY_SHARE)

@internal
@view
def _only_lock(number: uint256):
    assert self.jobs[number].state == State.LOCKED, "the job is not locked"
    assert msg.sender == self.jobs[number].solver, "another seller has locked this job"
    assert block.number <= self.jobs[number].until, "the lock is over"

@internal
@view
def _check(number: uint256, output: Bytes[1984], proof: Bytes[4864], prover: address):
    raw_call(self.verifier.address, abi_encode(
        number, self.jobs[number].commitment, output, proof, prover,
        method_id=method_id("checkInference(uint256,bytes32,bytes,bytes,address)")),
        is_static_call=True)

@internal
@view
def _price(number: uint256, at: uint256) -> uint256:
    terms: Terms = self.jobs[number].terms
    passed: uint256 = at - self.jobs[number].start - self.jobs[number].stood_still
    if passed >= terms.ramp:
        return terms.highest
    return terms.lowest + (terms.highest - terms.lowest) * passed // terms.ramp

@internal
def _pay(number: uint256, solver: address, price: uint256, paid: uint256):
    """
    @notice 5 % of what is paid burned, the rest to the seller with a subsidy and its collateral, the
            change of the price back.
    """
    burned: uint256 = paid * BURNED_SHARE // FULL
    subsidy: uint256 = min(min(self.jobs[number].terms.subsidy, burned * SUBSIDY_SHARE // FULL),
                           self.pool)
    self.jobs[number].state = State.DONE
    self.jobs[number].solver = solver
    self.jobs[number].price = price
    self.pool -= subsidy
    self.subsidies += subsidy
    self.fees_burned += burned
    self.credits[solver] += paid - burned + subsidy + self.jobs[number].collateral
    self.jobs[number].collateral = 0
    self.credits[self.jobs[number].requester] += self.jobs[number].terms.highest - price
    log Solved(job=number, solver=solver, paid=paid, burned=burned, subsidy=subsidy)
    self._burn(burned)

@internal
def _lose_collateral(number: uint256):
    lost: uint256 = self.jobs[number].collateral
    self.jobs[number].collateral = 0
    self.jobs[number].solver = empty(address)
    self._burn(lost)

@internal
def _burn(amount: uint256):
    self.burned += amount
    self.held -= amount
    if amount > 0:
        send(empty(address), amount)
