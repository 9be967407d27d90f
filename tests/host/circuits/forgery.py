"""What a cheating prover tries: witnesses that differ from the honest one."""

from collections.abc import Sequence
from random import Random

from host.circuits.constraints import MODULUS, ConstraintSystem


def unnoticed_changes(system: ConstraintSystem, witness: Sequence[int]) -> list[str]:
    """The wires that can be changed alone without any constraint noticing.

    Each is flipped (1 - value), set one higher and set to a random element; a wire is reported if
    any of these goes unnoticed. Only constraints that contain the wire are evaluated.
    """
    random = Random(20_19_458)
    containing = [[] for _ in range(system.wires)]
    for constraint in system.constraints:
        for wire in {*constraint.a.terms, *constraint.b.terms, *constraint.c.terms}:
            containing[wire].append(constraint)
    changed = list(witness)
    unnoticed = []
    for wire in range(1, system.wires):
        honest = witness[wire]
        others = {(1 - honest) % MODULUS, (honest + 1) % MODULUS, random.randrange(MODULUS)}
        for other in others - {honest}:
            changed[wire] = other
            if all(constraint.holds(changed) for constraint in containing[wire]):
                unnoticed.append(system.names[wire])
                break
        changed[wire] = honest
    return unnoticed
