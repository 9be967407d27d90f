"""What a server that nobody trusts answers a light node, and what it takes to believe it.

    <root, 64 hex digits>-<number>.account      of an account of the ledger with this root:
        {"account": {"key": [x, y], "balance": b, "nonce": n} or null, "path": [siblings]}
    <hash, 64 hex digits>.block                 of a payload's block:
        {"place": its number in its era, from 0, "branch": [siblings, hex]}

Numbers of the field are text, lowest siblings first.
"""

import json
from collections.abc import Sequence

import msgspec

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.ground.json_text import parse_json
from proofmill.host.ground.typed import typed
from proofmill.host.prover.circuits.baby_jubjub import Point
from proofmill.host.prover.circuits.constraints import MODULUS
from proofmill.host.prover.circuits.poseidon import poseidon
from proofmill.host.prover.circuits.rollup.ledger import Account, Ledger
from proofmill.host.prover.circuits.rollup.size import BALANCE_BITS, NONCE_BITS
from proofmill.host.prover.circuits.rollup.tree import EMPTY

MOST_BYTES = 1 << 14
MOST_DEPTH = 32


class _Account(msgspec.Struct, forbid_unknown_fields=True):
    key: tuple[str, str]
    balance: int
    nonce: int


class _Answer(msgspec.Struct, forbid_unknown_fields=True):
    account: _Account | None
    path: list[str]


class _Place(msgspec.Struct, forbid_unknown_fields=True):
    place: int
    branch: list[str]


def account_file(root: int, number: int) -> str:
    """The name of an answer about an account."""
    return f"{root:064x}-{number}.account"


def block_file(block_hash: bytes) -> str:
    """The name of an answer about a payload."""
    return f"{block_hash.hex()}.block"


def account_answer(ledger: Ledger, number: int) -> bytes:
    """What an honest server answers about an account, or a place without one."""
    account = ledger.accounts.get(number)
    return json.dumps({
        "account": None if account is None else {
            "key": [str(part) for part in account.key], "balance": account.balance,
            "nonce": account.nonce},
        "path": [str(each) for each in ledger.tree.path(number)]}).encode()


def read_account(data: bytes, root: int, number: int, name: str) -> Account | None:
    """The account of this number in the ledger with this root, None where it has none.

    Raises `ProofmillError` where the answer does not show that. The tree's depth follows: a leaf is
    a hash of four numbers or 0, an inner node a hash of two and never 0, so neither passes for the
    other.
    """
    answer = typed(_parsed(data, name), _Answer, name)
    path = [_number(each, name) for each in answer.path]
    if not 1 <= len(path) <= MOST_DEPTH or number >> len(path):
        raise ProofmillError(f"{name}: a branch of {len(path)} nodes leads to no account {number}; "
                             "ask another peer")
    account, node = None, EMPTY
    if answer.account is not None:
        found = answer.account
        if found.balance >> BALANCE_BITS or found.nonce >> NONCE_BITS:
            raise ProofmillError(f"{name}: a balance of {found.balance} or a nonce of "
                                 f"{found.nonce} cannot be; ask another peer")
        x, y = (_number(each, name) for each in found.key)
        account = Account(Point(x, y), found.balance, found.nonce)
        node = account.leaf
    for height, sibling in enumerate(path):
        node = poseidon((sibling, node) if number >> height & 1 else (node, sibling))
    if node != root:
        raise ProofmillError(f"{name}: the branch does not lead to the ledger's root {root}; ask "
                             "another peer")
    return account


def block_answer(place: int, branch: Sequence[bytes]) -> bytes:
    """What an honest server answers about a payload."""
    return json.dumps({"place": place, "branch": [each.hex() for each in branch]}).encode()


def read_block(data: bytes, name: str) -> tuple[int, list[bytes]]:
    """(place, branch) of an answer about a payload; `ProofmillError` where it is none."""
    answer = typed(_parsed(data, name), _Place, name)
    try:
        return answer.place, [bytes.fromhex(each) for each in answer.branch]
    except ValueError as error:
        raise ProofmillError(f"{name}: {error}; ask another peer") from error


def _parsed(data: bytes, name: str) -> object:
    try:
        return parse_json(data.decode("utf-8"))
    except ValueError as error:
        raise ProofmillError(f"{name}: {error}; ask another peer") from error


def _number(text: str, name: str) -> int:
    """Of the field, in the one spelling it has."""
    number = int(text) if text.isdecimal() and text.isascii() and len(text) < 80 else MODULUS
    if number >= MODULUS or str(number) != text:
        raise ProofmillError(f"{name}: {text[:40]!r} is no number below r; ask another peer")
    return number
