"""Proven history: an era of blocks from their proofs' files to one object, and what is none."""

from dataclasses import replace
from pathlib import Path

import pytest

from proofmill.host.bench.history import block_proofs
from proofmill.host.cli.main import main
from proofmill.host.ground.errors import ProofmillError
from proofmill.host.network.certificates.era import (
    MAGIC,
    Block,
    Era,
    aggregate,
    read_block_proofs,
    refusal,
    write_block_proof,
)
from proofmill.host.prover.aggregation.setup import Powers, read_pair
from proofmill.host.prover.groth16.development_powers import development_powers
from proofmill.host.prover.groth16.verification_key import (
    Proof,
    VerificationKey,
    write_verification_key,
)

BLOCKS = 4
Made = tuple[VerificationKey, list[Block], list[Proof]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("era")
    for name in ("first", "second"):
        development_powers(place / f"{name}.ptau", 3, name.encode())
    return place


@pytest.fixture(scope="module")
def setup(folder: Path) -> Powers:
    return read_pair(folder / "first.ptau", folder / "second.ptau", 2)


@pytest.fixture(scope="module")
def made(folder: Path) -> Made:
    found = block_proofs(folder, BLOCKS, lambda done, total: None)
    write_verification_key(folder / "vk.json", found[0])
    for slot, (block, proof) in enumerate(zip(*found[1:], strict=True), 9):
        write_block_proof(folder / "proofs", slot, proof, block)  # 10 comes after 9
    return found


@pytest.fixture(scope="module")
def era(setup: Powers, made: Made) -> bytes:
    return aggregate(setup, *made).to_bytes()


def test_an_era_is_read_as_it_was_written(setup: Powers, made: Made, era: bytes) -> None:
    found = Era.from_bytes(era)
    assert found.blocks == tuple(made[1]) and found.to_bytes() == era
    assert (found.first_root, found.last_root) == (made[1][0].before, made[1][-1].after)
    assert refusal(setup.heads, made[0], found) == ""


def test_no_number_of_an_era_can_be_another_one(setup: Powers, made: Made, era: bytes) -> None:
    head = len(MAGIC) + 8
    for place in range(head, head + 32 * (1 + 3 * BLOCKS), 32):
        forged = bytearray(era)
        forged[place + 31] ^= 1
        assert refusal(setup.heads, made[0], Era.from_bytes(bytes(forged)))


@pytest.mark.parametrize("change", [
    lambda data: data[:-1], lambda data: data[:60], lambda data: b"x" + data[1:],
    lambda data: data[:23] + b"\3" + data[24:], lambda data: data[:16] + bytes(8) + data[24:],
    lambda data: data[:24] + b"\xff" * 32 + data[56:]])
def test_other_bytes_are_no_era(era: bytes, change) -> None:
    with pytest.raises(ProofmillError, match="^name: "):
        Era.from_bytes(change(era), "name")


def test_blocks_go_on_from_each_other(setup: Powers, made: Made) -> None:
    key, blocks, proofs = made
    with pytest.raises(ProofmillError, match="block 2: begins with the ledger's root"):
        aggregate(setup, key, [*blocks[:2], blocks[3]], [*proofs[:2], proofs[3]])
    with pytest.raises(ProofmillError, match="has 3 public signals|proofs with 3 public"):
        aggregate(setup, replace(key, public_points=key.public_points[1:]), blocks, proofs)


def test_the_commands(folder: Path, made: Made, capsys: pytest.CaptureFixture[str]) -> None:
    files = [str(folder / name) for name in ("first.ptau", "second.ptau")]
    key, vk, out = (str(folder / name) for name in ("key.json", "vk.json", "blocks.era"))
    assert main(["history", "key", *files, key]) == 0
    assert main(["history", "aggregate", vk, *files, str(folder / "proofs"), out]) == 0
    assert "blocks.era: 4 blocks, 6,608 bytes, of which the proof has 6,168" in (
        capsys.readouterr().out)
    data = Path(out).read_bytes()
    assert main(["history", "aggregate", vk, *files, str(folder / "proofs"), out, "--device",
                 "cpu"]) == 0
    assert Path(out).read_bytes() == data
    assert "cpu: 0 cycles for sums; 0 pairings in 0 cycles" in capsys.readouterr().out
    assert main(["history", "verify", vk, key, out]) == 0
    assert f"after:  {made[1][-1].after}\n" in capsys.readouterr().out
    assert main(["history", "verify", vk, key, out, "--first-root", "2"]) == 1
    assert "begins with another root than 2" in capsys.readouterr().out
    Path(out).write_bytes(data[:60] + bytes([data[60] ^ 1]) + data[61:])
    assert main(["history", "verify", vk, key, out]) == 1
    assert "NOT valid" in capsys.readouterr().out


def test_folders_of_proofs(made: Made, folder: Path, tmp_path: Path) -> None:
    names, blocks, _ = read_block_proofs(folder / "proofs")
    assert blocks == made[1] and names[0].endswith("9.proof.json")
    with pytest.raises(ProofmillError, match="has no files N.proof.json"):
        read_block_proofs(tmp_path)
    with pytest.raises(ProofmillError, match="none: cannot be read"):
        read_block_proofs(tmp_path / "none")
    write_block_proof(tmp_path, 3, made[2][0], [1, 2])
    with pytest.raises(ProofmillError, match="3.public.json: has 2 public signals"):
        read_block_proofs(tmp_path)
