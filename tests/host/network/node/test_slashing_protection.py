"""The rules of EIP-3076, against the specification's own definition of what is slashable."""

import json
import os
import random
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.network.node.interchange import (
    export_history,
    import_history,
    read_history,
    write_history,
)
from proofmill.host.network.node.slashing_protection import (
    SignedAttestation,
    SignedBlock,
    SlashingProtection,
)

GENESIS, KEY, OTHER = b"\x07" * 32, b"\xaa" * 48, b"\xbb" * 48
A, B = b"\x01" * 32, b"\x02" * 32


def vote(source: int, target: int, root: bytes = A, key: bytes = KEY) -> SignedAttestation:
    return SignedAttestation(key, source, target, root)


@pytest.fixture(params=[False, True], ids=["minimal", "complete"])
def protection(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[SlashingProtection]:
    with SlashingProtection(tmp_path / "p.sqlite", GENESIS, complete=request.param) as made:
        yield made


def permit(protection: SlashingProtection, *votes: SignedAttestation) -> list[str]:
    return protection.permit_attestations(votes)


def test_a_second_block_of_a_slot_is_refused(protection: SlashingProtection) -> None:
    assert protection.permit_block(SignedBlock(KEY, 5, A)) == ""
    assert protection.permit_block(SignedBlock(KEY, 5, A)) == ""  # the same once more
    assert "slot 5 is signed" in protection.permit_block(SignedBlock(KEY, 5, B))
    assert "slot 5 is signed" in protection.permit_block(SignedBlock(KEY, 5))
    assert "not above slot 5" in protection.permit_block(SignedBlock(KEY, 4, A))
    assert protection.permit_block(SignedBlock(OTHER, 4, B)) == ""
    assert protection.permit_block(SignedBlock(KEY, 6, A)) == ""


def test_votes(protection: SlashingProtection) -> None:
    assert permit(protection, vote(2, 3), vote(2, 3)) == ["", ""]
    assert "double vote" in permit(protection, vote(2, 3, B))[0]
    assert "double vote" in permit(protection, vote(1, 3))[0]
    assert "surround 2 -> 3" in permit(protection, vote(1, 4))[0]
    assert permit(protection, vote(3, 9)) == [""]
    assert "surrounded by 3 -> 9" in permit(protection, vote(4, 8))[0]
    assert "after the target" in permit(protection, vote(11, 10))[0]
    assert permit(protection, vote(4, 8, key=OTHER)) == [""]


def test_a_batch_is_checked_against_itself(protection: SlashingProtection) -> None:
    first, second = permit(protection, vote(1, 2, A), vote(1, 2, B))
    assert first == "" and "double vote" in second


def slashable(first: SignedAttestation, second: SignedAttestation) -> bool:
    """`is_slashable_attestation_data` of the specification, both ways round."""
    if first.target == second.target:
        return (first.source, first.signing_root) != (second.source, second.signing_root)
    return any(a.source < b.source and b.target < a.target
               for a, b in ((first, second), (second, first)))


@pytest.mark.parametrize("seed", range(20))
def test_nothing_slashable_is_ever_signed(protection: SlashingProtection, seed: int) -> None:
    draw = random.Random(seed)
    signed: list[SignedAttestation] = []
    for step in range(60):
        source = draw.randint(step // 6, step // 6 + 3)
        new = vote(source, source + draw.randint(0, 4), draw.choice((A, B)))
        reason, = permit(protection, new)
        clash = any(slashable(old, new) for old in signed)
        assert not (clash and not reason), f"{new} signed after {signed}"
        if protection.complete and signed and reason and not clash:
            # Refused though nothing is slashable: only by the low watermarks, conditions 4 and 5.
            assert (new.source < min(each.source for each in signed)
                    or new.target <= min(each.target for each in signed))
        if not reason:
            signed.append(new)
    assert len(set(signed)) > 1


def test_it_is_still_known_after_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "p.sqlite"
    with SlashingProtection(path, GENESIS) as protection:
        protection.permit_block(SignedBlock(KEY, 5, A))
        permit(protection, vote(2, 3))
    with SlashingProtection(path, GENESIS) as protection:
        assert protection.permit_block(SignedBlock(KEY, 5, B))
        assert permit(protection, vote(2, 3, B)) != [""]
    with pytest.raises(ProofmillError, match="give this chain its own file"):
        SlashingProtection(path, b"\x08" * 32)


def test_two_processes_cannot_both_sign(tmp_path: Path) -> None:
    path = tmp_path / "p.sqlite"
    with SlashingProtection(path, GENESIS) as one, SlashingProtection(path, GENESIS) as two:
        assert one.permit_block(SignedBlock(KEY, 5, A)) == ""
        assert two.permit_block(SignedBlock(KEY, 5, B)) != ""


def test_a_history_comes_back_as_it_went(tmp_path: Path) -> None:
    file = tmp_path / "history.json"
    with SlashingProtection(tmp_path / "a.sqlite", GENESIS) as protection:
        protection.merge([SignedBlock(KEY, 3, A), SignedBlock(KEY, 7)],
                         [vote(0, 1), vote(2, 5, b""), vote(1, 4, key=OTHER)])
        write_history(protection, file)
        history = export_history(protection)
        small = export_history(protection, minimal=True)
    entry = history["data"][0]
    assert entry["signed_blocks"] == [{"slot": "3", "signing_root": "0x" + A.hex()}, {"slot": "7"}]
    assert entry["signed_attestations"][1] == {"source_epoch": "2", "target_epoch": "5"}
    assert small["data"][0]["signed_blocks"] == [{"slot": "7"}]
    with SlashingProtection(tmp_path / "b.sqlite", GENESIS) as protection:
        for _ in range(2):
            read_history(protection, file)
            assert export_history(protection) == history
        assert protection.permit_block(SignedBlock(KEY, 5, A))  # in the gap, but who knows
        assert protection.permit_block(SignedBlock(KEY, 3, A)) == ""
        assert permit(protection, vote(2, 5, B), vote(1, 6), vote(2, 6)) != [""] * 3
    with SlashingProtection(tmp_path / "c.sqlite", GENESIS) as protection:
        import_history(protection, small, "small")
        assert protection.permit_block(SignedBlock(KEY, 7, A))
        assert protection.permit_block(SignedBlock(KEY, 8, A)) == ""


WRONG: dict[str, Any] = {
    "version": ("metadata", "interchange_format_version", "4"),
    "chain": ("metadata", "genesis_validators_root", "0x" + "08" * 32),
    "root": ("metadata", "genesis_validators_root", "0x07"),
    "number": ("block", "slot", 5),
    "sign": ("block", "slot", "-5"),
    "leading zero": ("block", "slot", "05"),
    "digits": ("block", "slot", "5²"),
    "newline": ("block", "slot", "5\n"),
    "range": ("block", "slot", str(2**63)),
    "signing root": ("block", "signing_root", "0x12"),
    "key": ("entry", "pubkey", "0x" + "aa" * 47),
    "blocks": ("entry", "signed_blocks", None),
    "target": ("vote", "target_epoch", None),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_file_imports_nothing(tmp_path: Path, name: str) -> None:
    with SlashingProtection(tmp_path / "a.sqlite", GENESIS) as protection:
        protection.merge([SignedBlock(KEY, 3, A)], [vote(0, 1)])
        history = export_history(protection)
    entry = json.loads(json.dumps(history["data"][0]))
    history["data"].append(entry)  # the mistake is in the second entry, after a good one
    place, member, value = WRONG[name]
    {"metadata": history["metadata"], "entry": entry, "block": entry["signed_blocks"][0],
     "vote": entry["signed_attestations"][0]}[place][member] = value
    with SlashingProtection(tmp_path / "b.sqlite", GENESIS) as protection:
        with pytest.raises(ProofmillError, match="^file: .*nothing was imported"):
            import_history(protection, history, "file")
        assert protection.blocks() == [] and protection.attestations() == []


def test_what_is_no_json_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "history.json"
    with SlashingProtection(tmp_path / "a.sqlite", GENESIS) as protection:
        for text in ("", "{", "[" * 100_000, "3", "[]", '{"metadata": 3}'):
            file.write_text(text)
            with pytest.raises(ProofmillError, match="history.json: "):
                read_history(protection, file)
        with pytest.raises(ProofmillError, match="cannot be read"):
            read_history(protection, tmp_path / "nowhere.json")


OFFICIAL = Path(os.environ.get("PROOFMILL_EIP3076_TESTS", "/nonexistent"))


@pytest.mark.skipif(not OFFICIAL.is_dir(), reason="PROOFMILL_EIP3076_TESTS: the official tests' "
                    "folder (github.com/eth-clients/slashing-protection-interchange-tests)")
@pytest.mark.parametrize("complete", [False, True])
@pytest.mark.parametrize("path", sorted(OFFICIAL.rglob("*.json")), ids=lambda path: path.stem)
def test_the_official_cases(tmp_path: Path, path: Path, complete: bool) -> None:
    case = json.loads(path.read_text())

    def check(message: dict[str, Any], reason: str) -> None:
        # The official minimal signer remembers its last message only; ours, which keeps them all,
        # may sign any of them again, as conditions 2 and 5 allow and the complete signer does.
        allowed = {message["should_succeed_complete"]}
        if not complete:
            allowed = {message["should_succeed"]}
            if path.stem.startswith("single_validator_resign"):
                allowed.add(message["should_succeed_complete"])
        assert (reason == "") in allowed, (message, reason)

    def unhex(text: str) -> bytes:
        return bytes.fromhex(text[2:])

    root = unhex(case["genesis_validators_root"])
    with SlashingProtection(tmp_path / "p.sqlite", root, complete=complete) as protection:
        for step in case["steps"]:
            try:
                import_history(protection, step["interchange"], path.name)
            except ProofmillError:
                assert not step["should_succeed"] or step["contains_slashable_data"]
                continue
            assert step["should_succeed"]
            for block in step["blocks"]:
                reason = protection.permit_block(SignedBlock(
                    unhex(block["pubkey"]), int(block["slot"]),
                    unhex(block.get("signing_root", "0x"))))
                check(block, reason)
            for each in step["attestations"]:
                reason, = permit(protection, SignedAttestation(
                    unhex(each["pubkey"]), int(each["source_epoch"]), int(each["target_epoch"]),
                    unhex(each.get("signing_root", "0x"))))
                check(each, reason)


def test_the_products_of_all_small_votes(tmp_path: Path) -> None:
    # Every pair of votes over four epochs, both strengths: none that is slashable gets through.
    votes = [vote(s, t, r) for s, t, r in product(range(4), range(4), (A, B)) if s <= t]
    for complete in (False, True):
        with SlashingProtection(tmp_path / f"{complete}.sqlite", GENESIS,
                                complete=complete) as protection:
            number = 0
            for first, second in product(votes[::2], votes):
                key = number.to_bytes(48, "big")
                number += 1
                protection.merge([], [SignedAttestation(key, first.source, first.target,
                                                        first.signing_root)])
                reason, = permit(protection, SignedAttestation(
                    key, second.source, second.target, second.signing_root))
                assert reason or not slashable(first, second)
