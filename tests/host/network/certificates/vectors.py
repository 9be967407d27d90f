"""Makes `tests/vectors/certificate`: what another implementation of docs/protocol.md, section 13,
has to come to. ``python -m tests.host.network.certificates.vectors`` writes it anew; the proofs are
others each time.

Numbers of the field and of 64 bits are text, bytes are hexadecimal.
"""

import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.network.certificates.between import (
    DEPTH,
    FIRST_ROOT,
    ROOTS,
    is_between,
    place_of,
)
from proofmill.host.network.certificates.companion import (
    CompanionKey,
    companion_secret,
    register,
)
from proofmill.host.network.certificates.hash_tree import root_above
from proofmill.host.network.certificates.rule import Finality
from proofmill.host.network.certificates.slashing import are_slashable
from proofmill.host.network.consensus.keys import derive_keys
from proofmill.host.prover.circuits.baby_jubjub import Point, pack
from proofmill.host.prover.circuits.eddsa import public_key
from proofmill.host.prover.circuits.finality.registry import Member, Registry
from proofmill.host.prover.circuits.finality.size import CertificateSize
from proofmill.host.prover.circuits.finality.statement import (
    CertificateInputs,
    SignedVote,
    sign_vote,
    state_votes,
)
from proofmill.host.prover.circuits.finality.vote import (
    Checkpoint,
    Link,
    Vote,
    certificate_tag,
    words,
)
from proofmill.host.prover.groth16.verification_key import write_verification_key
from tests.host.network.certificates.conftest import proving

FOLDER = Path(__file__).parents[3] / "vectors" / "certificate"
FORK = bytes(range(32))
GENESIS_ROOT = bytes(range(32, 64))
WHOLE, PART = CertificateSize(2, 2, True), CertificateSize(2, 2, False)
STAKES = {0: 32 * 10**9, 2: 32 * 10**9 + 2, 3: 32 * 10**9 + 3}
SECRETS = {index: bytes([index + 1]) * 32 for index in STAKES}
"""Companion keys of three of four validators; the second has none."""
OTHER = 31 * 10**9
"""Its stake."""
TAG = certificate_tag(1337, 5, 7, bytes(range(20)))


def registry(epoch: int) -> Registry:
    """Validator 0 goes after epoch 5, the one without a key comes in epoch 8."""
    members = {}
    for index, stake in STAKES.items():
        active = 15 if index else sum(1 << ahead - 1 for ahead in range(1, 5) if epoch + ahead <= 5)
        members[index] = Member(public_key(SECRETS[index]), stake, active)
    staying = STAKES[2] + STAKES[3]
    totals = tuple(staying + STAKES[0] * (epoch + ahead <= 5) + OTHER * (epoch + ahead >= 8)
                   for ahead in range(1, 5))
    return Registry(2, {index: each for index, each in members.items() if each.active}, totals,
                    FORK, epoch)


def at(epoch: int, branch: int = 0) -> Checkpoint:
    """A made-up checkpoint."""
    return Checkpoint(epoch, bytes([epoch, branch]) * 16)


BRANCH = tuple(bytes([place + 1]) * 32 for place in range(DEPTH))
LAST = Checkpoint(10, root_above(at(9).root, FIRST_ROOT + place_of(9), BRANCH))
"""A block that comes after the checkpoint of epoch 9, as far as hashes say."""


def link(source: Checkpoint, target: Checkpoint) -> Link:
    """Votes from one to the other."""
    return Link(FORK, source, target, registry(target.epoch).commitment)


def voted(validator: int, of: Link, slot: int | None = None) -> SignedVote:
    """A vote of one of the three."""
    return sign_vote(SECRETS[validator], validator, Vote(
        of, 8 * of.target.epoch + validator if slot is None else slot, 0, of.target.root))


MADE = (("first", 4, link(at(4), at(5)), (0, 3), ()),
        ("its source is final", 5, link(at(5), at(6)), (2, 3), ()),
        ("from a source without a certificate", 6, link(at(7), at(8)), (2, 3), ()),
        ("from there again", 8, link(at(7), at(9)), (2, 3), ()),
        ("over two epochs", 8, link(at(8), LAST), (2, 3), BRANCH))
"""Of the certificates with proofs: a name, the epoch of the registry, votes and a branch."""


def point(value: Point) -> list[str]:
    """Of Baby Jubjub."""
    return [str(value.x), str(value.y)]


def checkpoint(value: Checkpoint) -> list[object]:
    """Epoch and root."""
    return [value.epoch, value.root.hex()]


def numbers(stated: CertificateInputs) -> list[str]:
    """The public inputs."""
    return [str(each) for each in stated.numbers]


def companion() -> list[object]:
    """Companion keys and their registrations."""
    found = []
    for index, key in enumerate(derive_keys(5, 2)):
        made = register(index, key, 3 * index, GENESIS_ROOT)
        secret = companion_secret(key)
        message = CompanionKey(validator_index=index, companion_key=pack(made.key),
                               from_epoch=made.from_epoch)
        found.append({
            "validator": index, "validator_secret": key.secret.to_bytes(32, "big").hex(),
            "validator_key": key.public.hex(), "genesis_validators_root": GENESIS_ROOT.hex(),
            "from_epoch": made.from_epoch, "companion_secret": secret.hex(),
            "companion_key": point(made.key), "packed": pack(made.key).hex(),
            "container_root": bytes(message.hash_tree_root()).hex(),
            "signature": made.signature.hex(), "possession": made.possession.to_bytes().hex()})
    return found


def registries() -> list[object]:
    """Of five epochs; of each the totals of which two thirds have to vote."""
    return [{
        "epoch": made.epoch, "depth": made.depth, "domain": made.fork_domain.hex(),
        "members": [{"validator": index, "key": point(each.key), "balance": str(each.balance),
                     "active": each.active, "leaf": str(each.leaf)}
                    for index, each in sorted(made.members.items())],
        "totals": [str(each) for each in made.totals], "tree_root": str(made.tree.root),
        "commitment": str(made.commitment),
        "needed_of": {str(target): str(made.total_for(target))
                      for target in range(made.epoch + 1, made.epoch + 7)}}
        for made in map(registry, (4, 5, 6, 8, 9))]


def votes() -> list[object]:
    """What is signed, and the signature."""
    found = []
    for of, validator in ((MADE[0][2], 0), (MADE[0][2], 3), (MADE[4][2], 2)):
        signed = voted(validator, of)
        found.append({
            "validator": validator, "secret": SECRETS[validator].hex(),
            "domain": of.fork_domain.hex(), "next_registry": str(of.next_registry),
            "source": checkpoint(of.source), "target": checkpoint(of.target),
            "slot": signed.vote.slot, "index": signed.vote.index, "head": signed.vote.head.hex(),
            "link": str(of.digest), "message": str(signed.vote.message),
            "nonce_point": point(signed.signature.nonce_point),
            "scalar": str(signed.signature.scalar), "packed": signed.signature.to_bytes().hex()})
    return found


def statements() -> list[object]:
    """Of votes, by the registry of an epoch, the public inputs, or none where they prove nothing.
    """
    found = []
    early, later, far = MADE[0][2], link(at(4), at(6)), link(at(4), at(11))
    for why, size, of, voters in (
            ("two thirds of who stays", WHOLE, early, (0, 3)),
            ("all that fit", WHOLE, early, (2, 3)),
            ("a third", WHOLE, early, (3,)), ("who has left", WHOLE, later, (0, 3)),
            ("two of two", WHOLE, later, (2, 3)), ("further than four epochs", WHOLE, far, (2, 3)),
            ("a part", PART, early, (0,)), ("another part", PART, early, (2, 3)),
            ("a part of nobody", PART, early, ())):
        signed = [voted(each, of) for each in voters]
        try:
            stated = numbers(state_votes(size, registry(4), of, signed, TAG))
        except ProofmillError:
            stated = None
        found.append({"why": why, "whole": size.whole, "registry_epoch": 4,
                      "source": checkpoint(of.source), "target": checkpoint(of.target),
                      "next_registry": str(of.next_registry), "voters": list(voters),
                      "tag": str(TAG), "public": stated})
    return found


def rules() -> list[object]:
    """Certificates in order, each with what is known after it: of one that is refused, the same as
    before."""
    def told(source: Checkpoint, target: Checkpoint, counted: int | None = None,
             following: int | None = None, branch: Iterable[bytes] = ()) -> tuple[object, ...]:
        return (CertificateInputs.of(
            10 * (source.epoch if counted is None else counted),
            10 * target.epoch if following is None else following, source, target, 1, 1),
            tuple(branch))

    histories = (
        (told(at(4), at(5)), told(at(5), at(6)), told(at(6), at(7))),
        (told(at(4), at(5)), told(at(4), at(6)), told(at(6), at(8)), told(at(5), at(7))),
        (told(at(4), at(8)), told(at(4), at(9)), told(at(8), LAST),
         told(at(8), LAST, branch=BRANCH[:-1]), told(at(8), LAST, branch=BRANCH)),
        (told(at(4), at(5)), told(at(6), at(7), 9), told(at(6), at(7), 5), told(at(6), at(9), 7),
         told(at(5), at(8)), told(at(9), LAST)),
        (told(at(4), at(5)), told(at(6), at(9), 4), told(at(5), at(6)), told(at(6), at(8), 5),
         told(at(6), at(8))),
        (told(at(4), at(5)), told(at(4), at(5, 1)), told(at(4), at(5), following=51),
         told(at(5, 1), at(6), 4), told(at(5), at(6), 4), told(at(5), at(5)), told(at(3), at(6), 4),
         told(at(4), at(6), following=0), told(at(6), at(7), 0), told(at(4, 1), at(5), 5)))
    found = []
    for steps in histories:
        known, history = Finality.start(at(4), 40), []
        for stated, branch in steps:
            try:
                after, taken = known.after(stated, branch), True
            except ProofmillError:
                after, taken = known, False
            known = after
            history.append({
                "registry": str(stated.registry), "next_registry": str(stated.next_registry),
                "source": checkpoint(stated.source), "target": checkpoint(stated.target),
                "branch": [each.hex() for each in branch], "taken": taken,
                "finalized": checkpoint(known.finalized),
                "justified": [[*checkpoint(each), str(of)]
                              for each, of in sorted(known.justified.items())]})
        found.append({"start": [*checkpoint(at(4)), "40"], "steps": history})
    return found


def slashings() -> list[object]:
    """Pairs of votes, and whether both by one key are an offence, in this order."""
    first = Vote(link(at(4), at(7)), 56, 0, at(7).root)
    others = (("the same", first), ("another head", replace(first, head=bytes(32))),
              ("another registry", replace(first, link=replace(first.link, next_registry=1))),
              ("within it", Vote(link(at(5), at(6)), 48, 0, at(6).root)),
              ("around it", Vote(link(at(3), at(8)), 64, 0, at(8).root)),
              ("from the same source", Vote(link(at(4), at(8)), 64, 0, at(8).root)))
    return [{"why": why, "votes": [{
        "source": checkpoint(each.link.source), "target": checkpoint(each.link.target),
        "next_registry": str(each.link.next_registry), "slot": each.slot, "index": each.index,
        "head": each.head.hex()} for each in (first, other)],
        "offence": are_slashable(first, other)} for why, other in others]


def document() -> dict[str, object]:
    """All but the proofs."""
    return {
        "format": 1,
        "words": [{"root": root.hex(), "words": [str(each) for each in words(root)]}
                  for root in (bytes(32), FORK, b"\xff" * 32)],
        "tags": [{"chain_id": 1337, "epoch": 5, "prover": 7, "address": bytes(range(20)).hex(),
                  "tag": str(TAG)}],
        "companion_keys": companion(), "registries": registries(), "votes": votes(),
        "statements": statements(), "histories": rules(), "slashable": slashings(),
        "branch": {"first_root": FIRST_ROOT, "roots": ROOTS, "depth": DEPTH,
                   "earlier": checkpoint(at(9)), "place": place_of(9),
                   "branch": [each.hex() for each in BRANCH], "later": LAST.root.hex(),
                   "holds": is_between(at(9), LAST.root, BRANCH)}}


def write() -> None:
    """Write the folder's files, with a key and proofs."""
    proven = []
    with proving(WHOLE) as (key, prove):
        for name, epoch, of, voters, branch in MADE:
            made = replace(prove(
                registry(epoch), of, [voted(each, of) for each in voters], TAG), branch=branch)
            proven.append({"name": name, "registry_epoch": epoch, "voters": list(voters),
                           "public": numbers(made.stated), "bytes": made.to_bytes().hex()})
    FOLDER.mkdir(exist_ok=True)
    write_verification_key(FOLDER / "verification_key.json", key)
    for name, content in (("certificates.json", proven), ("vectors.json", document())):
        (FOLDER / name).write_text(json.dumps(content, indent=1) + "\n")


if __name__ == "__main__":
    write()
