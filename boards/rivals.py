"""What other open accelerators state of themselves, for the table of `proofmill measure`."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Rival:
    """A point adder's cost as published.

    `dsp` multiplier blocks make one addition every `cycles`. `products` are those of its formula,
    None where it is not stated; `complete` says whether the formula holds for every pair of points
    of the curve.
    """

    name: str
    curve: str
    bits: int
    products: int | None
    complete: bool
    dsp: int
    cycles: float
    remark: str
    source: str

    @property
    def cost(self) -> float:
        """Blocks times cycles for an addition."""
        return self.dsp * self.cycles


RIVALS = (
    Rival(name="Hardcaml (ZPrize 2022)", curve="BLS12-377", bits=377, products=7, complete=False,
          dsp=2999, cycles=1.0, remark="all of the design with the shell, the adder alone is not "
          "stated; mixed addition on a twisted Edwards curve, which BN254 has none of",
          source="github.com/fyquah/hardcaml_zprize, zprize/msm_pippenger/README.md, and the "
          "results on zprize.hardcaml.com"),
    Rival(name="CycloneMSM", curve="BLS12-377", bits=377, products=7, complete=False,
          dsp=2268, cycles=1.0, remark="the adder; one product in three of a multiplication is in "
          "tables, 43,144 LUT a multiplier; the same curve form",
          source="eprint.iacr.org/2022/1396"),
    Rival(name="fpga_snark_prover", curve="BN254", bits=254, products=None, complete=False,
          dsp=480, cycles=250e6 / 30149 / 128,
          remark="8 cores; 30,149 points a second at 250 MHz, at half of 256 additions a point, "
          "doublings shared", source="github.com/bsdevlin/fpga_snark_prover, README"),
)
"""Blocks and rates quoted from the sources; blocks times cycles computed from them here."""


@dataclass(frozen=True, kw_only=True)
class Whole:
    """A whole accelerator's sum of 2^26 points on BLS12-377, as published.

    Parameters
    ----------
    dsp : multiplier blocks of all of it.
    windows : of a scalar.
    cycles : for a point.
    sums : whether the sums of the buckets are in these cycles, or left to the host.
    """

    name: str
    dsp: int
    windows: int
    cycles: float
    sums: bool
    source: str


WHOLE = (
    Whole(name="Hardcaml (ZPrize 2022)", dsp=2999, windows=20, cycles=20.58, sums=False,
          source="4.968 s at 278 MHz: zprize/msm_pippenger/README.md and zprize.hardcaml.com"),
    Whole(name="CycloneMSM", dsp=2277, windows=16, cycles=21.07, sums=True,
          source="5.656 s at 250 MHz, less its points' way: eprint.iacr.org/2022/1396"),
)
"""Blocks, windows and seconds quoted; cycles computed from seconds and clock."""
