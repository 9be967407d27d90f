"""What a block does to the ledger, in its order, and who takes the fees."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from eth_hash.auto import keccak

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.prover.circuits.constraints import MODULUS
from proofmill.host.prover.circuits.poseidon import MAXIMUM_INPUTS, poseidon
from proofmill.host.prover.circuits.rollup.kinds import WORDS
from proofmill.host.prover.circuits.rollup.requests import (
    REQUEST_BYTES,
    Request,
    request_from_bytes,
    same_request,
)
from proofmill.host.prover.circuits.rollup.size import INDEX_BITS, RollupSize
from proofmill.host.prover.circuits.rollup.transfer import SignedTransfer, Transfer

BATCH_DOMAIN = int.from_bytes(b"proofmill.batch.2", "big")
BINDING_DOMAIN = int.from_bytes(b"proofmill.binding.1", "big")
"""Keep commitments apart from every other use of Poseidon."""
WORDS_A_HASH = MAXIMUM_INPUTS - 1


@dataclass(frozen=True)
class Batch:
    """First `requests`, as they were queued on the chain, then transfers and exits in the order in
    which they happen; `collector`: the account of their fees.

    Raises `ProofmillError` for more of them than there are places, or an account without a place.
    """

    size: RollupSize
    chain_id: int
    collector: int
    transfers: tuple[SignedTransfer, ...] = ()
    requests: tuple[Request, ...] = ()

    def __post_init__(self) -> None:
        if len(self.transfers) + len(self.requests) > self.size.transfers:
            also = f" and {len(self.requests)} requests" if self.requests else ""
            raise ProofmillError(f"a batch has up to {self.size.transfers} transfers, "
                                 f"not {len(self.transfers)}{also}")
        numbers = [("the collector", self.collector)]
        numbers += [(f"request {place}", request.number)
                    for place, request in enumerate(self.requests)]
        for place, signed in enumerate(self.transfers):
            numbers.append((f"transfer {place}", signed.transfer.sender))
            if isinstance(signed.transfer, Transfer):
                numbers.append((f"transfer {place}", signed.transfer.receiver))
        for where, number in numbers:
            if not 0 <= number < self.size.accounts:
                raise ProofmillError(f"{where}: there is no account {number}, accounts are 0 to "
                                     f"{self.size.accounts - 1}")

    @property
    def fees(self) -> int:
        """What the collector gets."""
        return sum(signed.transfer.fee for signed in self.transfers)

    @property
    def words(self) -> tuple[int, ...]:
        """Three of every place (`kinds`); 0 where it is not used."""
        used = [word for request in self.requests for word in request.words]
        used += [word for signed in self.transfers for word in signed.transfer.words]
        return (*used, *(0,) * (WORDS * self.size.transfers - len(used)))

    @cached_property
    def chained(self) -> int:
        """A chain of hashes over the words, 15 at a time, that begins with chain and collector::

            c = poseidon((domain, chain id, collector)),    c = poseidon((c, words...)) for each 15
        """
        return chained(self.chain_id, self.collector, self.words)

    @property
    def challenge(self) -> int:
        """z, see `commitment`."""
        return challenge(self.chained, self.chain_id, self.collector, self.words)

    @cached_property
    def commitment(self) -> int:
        """What stands for the batch in a proof: ``poseidon((domain, c, z, y))``::

            c = `chained`
            z = Keccak-256(c, chain id, collector, words...) / 256, 32 bytes a number, big-endian
            y = the polynomial with the coefficients chain id, collector, words..., the last being
                the constant one, at z

        A contract that sees the words computes z and y for some 100 gas a word; hashing them as c
        does would take it as many thousands. It is told c, which it cannot check and need not: c
        fixes the words that the circuit has, z is known only after these and the contract's, and
        two polynomials of degree n that differ agree at z with a chance of ``n / 2^248``.
        """
        return commitment(self.chained, self.chain_id, self.collector, self.words)

    def to_bytes(self) -> list[bytes]:
        """The transactions of a payload: the collector (4 bytes), the requests (12, 32 or 76 bytes
        each), then a signed transfer (84) or exit (100) each."""
        return [self.collector.to_bytes(INDEX_BITS // 8, "big"),
                *(request.to_bytes() for request in self.requests),
                *(signed.to_bytes() for signed in self.transfers)]

    @classmethod
    def from_bytes(cls, size: RollupSize, chain_id: int, transactions: Sequence[bytes],
                   queued: Sequence[Request] = ()) -> "Batch":
        """The inverse; `queued`: the requests that are next on the chain.

        Raises `ProofmillError` where the bytes are no batch of this size, or its requests not the
        first that are queued: what nobody has paid for would be made out of nothing.
        """
        if not transactions or len(transactions[0]) != INDEX_BITS // 8:
            raise ProofmillError("a batch begins with the four bytes of the account that takes its "
                                 "fees")
        rest = [bytes(each) for each in transactions[1:]]
        requests: list[Request] = []
        while rest and len(rest[0]) in REQUEST_BYTES:
            request = request_from_bytes(rest.pop(0))
            place = len(requests)
            if place >= len(queued) or not same_request(queued[place], request):
                raise ProofmillError(f"request {place} is not what is queued next on the chain")
            requests.append(request)
        return cls(size, chain_id, int.from_bytes(bytes(transactions[0]), "big"),
                   tuple(SignedTransfer.from_bytes(each) for each in rest), tuple(requests))


def chained(chain_id: int, collector: int, words: Sequence[int]) -> int:
    """See `Batch.chained`."""
    total = poseidon((BATCH_DOMAIN, chain_id, collector))
    for start in range(0, len(words), WORDS_A_HASH):
        total = poseidon((total, *words[start:start + WORDS_A_HASH]))
    return total


def challenge(chain: int, chain_id: int, collector: int, words: Sequence[int]) -> int:
    """See `Batch.commitment`."""
    numbers = (chain, chain_id, collector, *words)
    return int.from_bytes(
        keccak(b"".join(number.to_bytes(32, "big") for number in numbers))[:-1], "big")


def evaluation(point: int, chain_id: int, collector: int, words: Sequence[int]) -> int:
    """y, see `Batch.commitment`, by Horner's rule."""
    total = 0
    for number in (chain_id, collector, *words):
        total = (total * point + number) % MODULUS
    return total


def commitment(chain: int, chain_id: int, collector: int, words: Sequence[int]) -> int:
    """See `Batch.commitment`; `chain` is c."""
    point = challenge(chain, chain_id, collector, words)
    return poseidon((BINDING_DOMAIN, chain, point,
                     evaluation(point, chain_id, collector, words)))
