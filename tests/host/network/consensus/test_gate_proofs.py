"""Proofs of PLONK and FFLONK as a chain has them: bytes, checked under the key of the system."""

from typing import Any

import pytest

from proofmill.host.network.consensus.block_proofs import (
    block_verifier,
    check_key,
    numbers_of,
    proof_to_bytes,
)
from proofmill.host.network.consensus.proofs import encode_proof_data
from proofmill.host.network.consensus.records import PROOF_SIZES
from proofmill.host.prover.curve.limbs import BASE_MODULUS, SCALAR_MODULUS
from proofmill.host.prover.fflonk import verification_key as fflonk
from proofmill.host.prover.fflonk.zkey import read_zkey as read_fflonk
from proofmill.host.prover.groth16.json_fields import read_public
from proofmill.host.prover.plonk import verification_key as plonk
from proofmill.host.prover.plonk.zkey import read_zkey as read_plonk
from tests.host.prover.plonk.files import PLONK

SYSTEMS: dict[str, Any] = {"plonk": plonk, "fflonk": fflonk}
READERS: dict[str, Any] = {"plonk": read_plonk, "fflonk": read_fflonk}


@pytest.mark.parametrize("name", SYSTEMS)
def test_proofs_as_bytes(name: str) -> None:
    """snarkjs' proof is accepted; with any number changed, out of range or off the curve, not, nor
    with one more or fewer."""
    files = SYSTEMS[name]
    proof = files.read_proof(PLONK / f"mix.{name}.proof.json")
    public = list(read_public(PLONK / f"mix.{name}.public.json"))
    data = proof_to_bytes(proof)
    assert len(data) == 32 * files.PROOF_NUMBERS == PROOF_SIZES[1]
    assert numbers_of(data) == proof.numbers
    assert files.proof_from_numbers(proof.numbers) == proof
    assert len(encode_proof_data(data, bytes(20))) == 788
    verify = block_verifier(files.read_key(PLONK / f"mix.{name}.vkey.json"))
    assert verify(public, data)
    assert not verify([public[0] + 1, *public[1:]], data)
    for wrong in (b"", data[:-32], data + bytes(32), data[:-1], data[:256]):
        assert not verify(public, wrong)
    for place in range(files.PROOF_NUMBERS):
        numbers = list(proof.numbers)
        prime = BASE_MODULUS if place < 2 * len(files.PROOF_POINTS) else SCALAR_MODULUS
        for value in ((numbers[place] + 1) % prime, numbers[place] + prime):
            changed = [*numbers[:place], value, *numbers[place + 1:]]
            assert not verify(public, b"".join(each.to_bytes(32, "big") for each in changed))


@pytest.mark.parametrize("name", SYSTEMS)
def test_keys_are_for_local_chains(name: str) -> None:
    """Nothing in a key says of what powers it is."""
    key = READERS[name](PLONK / f"mix.{name}.zkey")
    check_key(key, local=True)
    with pytest.raises(Exception, match="not a local one|not\\s+a local"):
        check_key(key, local=False)
