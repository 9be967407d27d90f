"""What the cycles of a proof on an accelerator were for."""

from dataclasses import astuple, dataclass


@dataclass(frozen=True)
class Spent:
    """Cycles by what they were for; all 0 where no accelerator made the proof.

    `sums`: of points, the proof's C among them where it is made of sums. `evaluation`: of A w and
    B w. `transforms`: of polynomials, to the scalars h for Groth16. `check`: of the proof by the
    accelerator itself, with the sum for that.
    """

    sums: int = 0
    evaluation: int = 0
    transforms: int = 0
    check: int = 0

    @property
    def cycles(self) -> int:
        """All of them."""
        return sum(astuple(self))

    def __add__(self, other: "Spent") -> "Spent":
        return Spent(*map(sum, zip(astuple(self), astuple(other), strict=True)))

    def shares(self) -> tuple[int, int, int] | None:
        """(sums, evaluation with transforms, check) in whole per cent that add up to 100, each off
        by less than 1; None of nothing."""
        if not self.cycles:
            return None
        parts = (self.sums, self.evaluation + self.transforms, self.check)
        whole = [100 * part // self.cycles for part in parts]
        by_rest = sorted(range(len(parts)), key=lambda n: -(100 * parts[n] % self.cycles))
        for n in by_rest[:100 - sum(whole)]:
            whole[n] += 1
        return whole[0], whole[1], whole[2]

    def in_words(self) -> str:
        """All, and what they were for: ``9 cycles (sums 6, transforms 3)``; ``9 cycles, all for
        sums``; ``0 cycles``."""
        named = [(part, what) for part, what in (
            (self.sums, "sums"), (self.evaluation, "evaluation"), (self.transforms, "transforms"),
            (self.check, "own check")) if part]
        parts = (f" ({', '.join(f'{what} {part:,}' for part, what in named)})" if len(named) > 1
                 else "".join(f", all for {what}" for _, what in named))
        return f"{self.cycles:,} cycles{parts}"
