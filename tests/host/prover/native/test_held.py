"""A key that is held: the proofs of the same key read from its file, in every class."""

import struct
import threading
from pathlib import Path

import pytest

from proofmill.host.ground.errors import ProofmillError
from proofmill.host.prover.groth16.setup import development_setup
from proofmill.host.prover.groth16.wtns import write_witness
from proofmill.host.prover.native.faults import InvalidProof
from proofmill.host.prover.native.prove import HeldKey, Proof, prove
from tests.host.prover.groth16.files import ALL, VECTORS, cube_circuit, cube_witness
from tests.host.prover.native.classes import VECTORS as CLASSES
from tests.host.prover.native.classes import checked, plain
from tests.host.prover.native.test_prove import BLINDING, chain

EACH = pytest.mark.parametrize("vector", CLASSES)


@EACH
@pytest.mark.parametrize("name", ALL)
def test_its_proofs_are_those_of_its_file(vector: str, name: str) -> None:
    zkey, wtns = VECTORS / name / "circuit.zkey", VECTORS / name / "witness.wtns"
    code = plain(vector)
    with HeldKey(zkey, 2, code=code) as key:
        proofs = [key.prove(wtns, threads, blinding=BLINDING) for threads in (1, 2, 2)]
    assert proofs == [prove(zkey, wtns, blinding=BLINDING, code=code)] * 3


@EACH
@pytest.mark.parametrize("constraints", [1, 60])
def test_small_domains(vector: str, constraints: int, tmp_path: Path) -> None:
    r1cs, witness = chain(constraints)
    development_setup(r1cs, tmp_path / "k.zkey", seed=b"1")
    write_witness(tmp_path / "w.wtns", witness)
    with HeldKey(tmp_path / "k.zkey", code=checked(vector)) as key:
        assert key.prove(tmp_path / "w.wtns", blinding=BLINDING) == prove(
            tmp_path / "k.zkey", tmp_path / "w.wtns", blinding=BLINDING, code=checked(vector))
        assert key.size < 1 << 20


@EACH
def test_multiples_of_points_are_kept_where_there_is_room(vector: str) -> None:
    folder, code = VECTORS / "chain4", plain(vector)
    zkey, wtns = folder / "circuit.zkey", folder / "witness.wtns"
    want = prove(zkey, wtns, blinding=BLINDING, code=code)
    sizes = []
    for room in (0, 1 << 20, 16 << 20):
        with HeldKey(zkey, 2, code=code, most_bytes=room) as key:
            assert [key.prove(wtns, threads, blinding=BLINDING) for threads in (1, 3)] == [want] * 2
            sizes.append(key.size)
    assert sizes[0] < sizes[1] <= 1 << 20 < sizes[2] <= 16 << 20


def test_threads_share_it() -> None:
    folder, found = VECTORS / "chain4", []

    def one(key: HeldKey) -> None:
        found.append(key.prove(folder / "witness.wtns", 2, blinding=BLINDING))

    with HeldKey(folder / "circuit.zkey") as key:
        threads = [threading.Thread(target=one, args=(key,)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    first: Proof = found[0]
    assert found == [first] * 4


def test_it_outlives_a_wrong_witness_and_its_file(tmp_path: Path) -> None:
    zkey = tmp_path / "k.zkey"
    development_setup(cube_circuit(), zkey, seed=b"1")
    right, wrong, other = (tmp_path / f"{name}.wtns" for name in ("right", "wrong", "other"))
    values = cube_witness(3)
    write_witness(right, values)
    write_witness(other, values[:-1])
    values[-1, 0] ^= 1
    write_witness(wrong, values)
    key = HeldKey(zkey, code=checked("scalar"))
    zkey.unlink()
    with pytest.raises(InvalidProof, match="does not satisfy the constraints"):
        key.prove(wrong)
    with pytest.raises(ProofmillError, match="the witness has .* values, .* is for"):
        key.prove(other)
    assert key.prove(right).public == [32]
    key.close()
    key.close()
    with pytest.raises(ValueError, match="let go"):
        key.prove(right)


def test_a_key_that_is_damaged_is_refused(tmp_path: Path) -> None:
    content = bytearray((VECTORS / "chain4" / "circuit.zkey").read_bytes())
    (tmp_path / "short.zkey").write_bytes(content[:-1])
    with pytest.raises(ProofmillError, match="short.zkey: .* bytes more are wanted"):
        HeldKey(tmp_path / "short.zkey", code=checked("scalar"))
    at, kind, size = 12, 0, 0
    while kind != 9:  # to the end of the points H
        at += size
        kind, size = struct.unpack_from("<IQ", content, at)
        at += 12
    content[at + size - 32:at + size] = b"\xff" * 32
    (tmp_path / "high.zkey").write_bytes(content)
    with pytest.raises(ProofmillError, match=f"section 9 .points h., byte {at + size - 32}: index "
                                             f"{size // 64 - 1}: not below the field's prime"):
        HeldKey(tmp_path / "high.zkey", code=checked("scalar"))
