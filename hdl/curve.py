"""The curves y^2 = x^3 + b whose points the accelerator adds."""

import enum


class Group(enum.Enum):
    """A group of BN254 points: G1 over Fp, G2 on the twist over Fp2 = Fp[u] / (u^2 + 1)."""

    G1 = "g1"
    G2 = "g2"

    @property
    def degree(self) -> int:
        """Elements of Fp in one coordinate."""
        return 1 if self is Group.G1 else 2
