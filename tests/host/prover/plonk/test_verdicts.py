"""Every value of a key, of the signals and of a proof changed in turn: what snarkjs says of it."""

import json
from pathlib import Path
from types import ModuleType

import pytest

from tests.host.prover.fflonk import test_verify as fflonk
from tests.host.prover.groth16 import snarkjs
from tests.host.prover.plonk import test_verify as plonk
from tests.host.prover.plonk.files import changes

OVERLOOKED = {"plonk": {"key w"}, "fflonk": {"proof evaluations.inv"}}
"""Changes that snarkjs accepts, and that are refused here: PLONK's root of unity, which it knows by
the key's power, and the inverse that FFLONK's proofs have for contracts, which it does not use."""


@pytest.mark.parametrize("system, ours", [("plonk", plonk), ("fflonk", fflonk)],
                         ids=["plonk", "fflonk"])
def test_what_is_changed_is_accepted_by_neither(system: str, ours: ModuleType, tmp_path: Path
                                                ) -> None:
    whole = ours.load()
    cases = {"nothing": whole} | {
        f"{part} {path}": (*whole[:n], other, *whole[n + 1:])
        for n, part in enumerate(("key", "proof", "public")) for path, other in changes(whole[n])}
    theirs = snarkjs.batch([{system: [json.dumps(key), json.dumps(public), json.dumps(proof)]}
                            for key, proof, public in cases.values()], tmp_path)
    own = [ours.is_valid(key, public, proof) for key, proof, public in cases.values()]
    assert [name for name, valid in zip(cases, own, strict=True) if valid] == ["nothing"]
    accepted = {name for name, valid in zip(cases, theirs, strict=True) if valid is True}
    assert accepted == {"nothing"} | OVERLOOKED[system]
