"""Development keys of PLONK and FFLONK: from powers of tau that follow from a seed.

Whoever knows the seed can forge proofs, as with Groth16's development keys.
"""

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from proofmill.host.ground.cache import cache_folder
from proofmill.host.ground.kept import keep, kept
from proofmill.host.prover.fflonk.setup import fflonk_setup
from proofmill.host.prover.fflonk.zkey import FflonkProvingKey
from proofmill.host.prover.fflonk.zkey import read_zkey as read_fflonk
from proofmill.host.prover.groth16.development_powers import DevelopmentMonomials
from proofmill.host.prover.groth16.r1cs import R1cs
from proofmill.host.prover.groth16.setup import circuit_hash
from proofmill.host.prover.plonk.setup import Step, plonk_setup
from proofmill.host.prover.plonk.systems import FFLONK, PLONK
from proofmill.host.prover.plonk.zkey import PlonkProvingKey
from proofmill.host.prover.plonk.zkey import read_zkey as read_plonk

GatesKey = PlonkProvingKey | FflonkProvingKey

SETUPS = {PLONK: plonk_setup, FFLONK: fflonk_setup}
READERS: dict[str, Callable[[Path], GatesKey]] = {PLONK: read_plonk, FFLONK: read_fflonk}
_PIECE = 1 << 20


def development_key(r1cs: R1cs, system: str, seed: bytes, step: Step | None = None) -> GatesKey:
    """The key of `r1cs` in `system`, `PLONK` or `FFLONK`: from the cache, or made now and kept.

    `step` is told of the work. Raises `ProofmillError` as `plonk_setup`, and where there is no room
    for the file.
    """
    digest = sha256(circuit_hash(r1cs) + system.encode() + seed)
    folder, name = cache_folder("keys"), digest.hexdigest()
    path = kept(folder, name, ".zkey")
    if path is not None:
        return READERS[system](path)
    with tempfile.TemporaryDirectory(prefix="proofmill-key-") as place:
        made = Path(place) / f"development key ({system}).zkey"
        SETUPS[system](r1cs, DevelopmentMonomials(digest.digest()), made, step)
        with suppress(OSError):  # without a place to keep it the key is still there
            path = keep(folder, name, ".zkey", _pieces(made))
        # A key's file stays mapped: on POSIX its content outlives the name.
        return READERS[system](path or made)


def _pieces(path: str | os.PathLike[str]) -> Iterator[bytes]:
    with open(path, "rb") as file:
        while piece := file.read(_PIECE):
            yield piece
