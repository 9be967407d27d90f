"""What every device does, whether it is a board, its simulation or this machine's processor."""

from __future__ import annotations  # of NumPy, for which commands that name devices need not wait

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from proofmill.host.ground.errors import ProofmillError

if TYPE_CHECKING:
    from proofmill.firmware.wide_program import WideProgram
    from proofmill.hdl.check_shape import CheckShape
    from proofmill.hdl.curve import Group
    from proofmill.host.prover.curve.limbs import Limbs
    from proofmill.host.prover.devices.matrices import MatrixUse
    from proofmill.sim.evaluator import Matrices
    from proofmill.sim.matrix import Whole
    from proofmill.sim.matrix_gateware import Multiplied

Progress = Callable[[int, int], None]
"""Called now and then with (work done, work in all); the unit is the caller's own."""

BOARD_HZ = 100_000_000
"""Clock rate at which cycles count where a device states none."""


class DeviceError(ProofmillError):
    """A device did not answer, or answered what cannot be: it is put aside, the work redone."""


@dataclass(frozen=True)
class Bases:
    """Points a device holds, under the device's own `handle`; made by `Device.load`."""

    group: Group
    count: int
    handle: Any


@dataclass(frozen=True)
class Held:
    """So many scalars that a device has in its own memory, until it makes the next there.

    `handle` is the device's own. `blind`: it has no datapath, so they are there only once a job
    says what they are.
    """

    count: int
    handle: Any
    blind: bool = False


@dataclass(frozen=True)
class Job:
    """One multi-scalar multiplication: ``sum(scalars[i] * bases[i])``.

    `scalars`: shape (count, 4), plain integers below the group's order, not in Montgomery form.
    Of those that the device has, `held`, none are given, shape (0, 4), if it is not blind.
    """

    bases: Bases
    scalars: Limbs
    held: Held | None = None


@dataclass(frozen=True)
class Result:
    """The sum, and what it took.

    `point`: an affine point as a `.zkey` stores it, x then y, each coordinate times 2^256 modulo p
    in four limbs (G2: real part first); shape (8,) for G1, (16,) for G2, all zero for infinity.
    `cycles`: clock cycles of the accelerator, 0 where there is none (cpu).
    `digits`: scalar digits that were not zero, 0 where there is no accelerator.
    `device`: the name of the device that computed it. `counters`: what the accelerator counted, see
    `hdl.commands.COUNTERS`; empty where there is none.
    """

    point: Limbs
    cycles: int
    digits: int
    device: str
    counters: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Quotient:
    """The scalars of a key's points H, and the cycles that the accelerator took for them.

    `scalars`: shape (n, 4), plain integers below the groups' order; None where the accelerator has
    no datapath, so that only the cycles are its own, and where they stay in its memory for a job,
    `held`. `moved`: cycles among them in which it did not
    compute, but moved values from and to its memory. `evaluated`: cycles among them for A w and
    B w, where it made these too.
    """

    scalars: Limbs | None
    cycles: int
    moved: int = 0
    evaluated: int = 0
    held: Held | None = None


@runtime_checkable
class Transforming(Protocol):
    """A device that may compute the scalars of H too."""

    @property
    def transforms(self) -> int:
        """The vectors it takes have up to ``2 ** transforms`` values; 0: it takes none."""
        ...

    def quotient(self, a: Limbs, b: Limbs) -> Quotient:
        """The scalars of H from A w and B w, shape (n, 4) each, plain integers below the groups'
        order; n a power of two, 2 to ``2 ** transforms``. Raises `DeviceError`."""
        ...


@dataclass(frozen=True)
class Transformed:
    """What comes of a transform one way, and the cycles that the accelerator took for it.

    `values`: shape (n, 4), plain integers below the groups' order; None where the accelerator has
    no datapath, so that only the cycles are its own.
    """

    values: Limbs | None
    cycles: int


@runtime_checkable
class OneWay(Protocol):
    """A device that may transform a polynomial's coefficients to values, or back."""

    @property
    def name(self) -> str:
        """See `Device.name`."""
        ...

    @property
    def one_way(self) -> int:
        """The polynomials it takes have up to ``2 ** one_way`` coefficients; 0: it takes none."""
        ...

    def transform(self, values: Limbs, *, inverse: bool = False, coset: int = 0) -> Transformed:
        """The values at ``h^coset w^i`` of a polynomial, w of order n, h of order 4n, from its n
        coefficients, the lowest first; or back. Shape (n, 4), plain integers below the groups'
        order; n a power of two, 2 to ``2 ** one_way``. Raises `DeviceError`."""
        ...


@runtime_checkable
class Evaluating(Protocol):
    """A device that may compute A w and B w too, of matrices that it keeps, on the way to H."""

    @property
    def evaluates(self) -> bool:
        """Whether it does; else that is for its caller."""
        ...

    def keep(self, matrices: Matrices) -> Any:
        """A handle of matrices for `evaluated`, of as many rows as it transforms."""
        ...

    def evaluated(self, kept: Any, witness: Limbs) -> Quotient | None:
        """The scalars of H from a witness, shape (wires, 4), plain integers below the groups'
        order, which may stay with the device; None where its memory has no room left. Raises
        `DeviceError`."""
        ...


@dataclass(frozen=True)
class Found:
    """Whether a check found all right, and the cycles that it took."""

    right: bool
    cycles: int


@runtime_checkable
class Checking(Protocol):
    """A device that may check proofs, by programs whose results are all zero if one is right."""

    @property
    def checks(self) -> CheckShape | None:
        """What programs are made for; None: it checks nothing."""
        ...

    def check(self, program: WideProgram, key: Sequence[int], inputs: Sequence[Sequence[int]]
              ) -> list[Found]:
        """What it finds of each of `inputs`, as many words as the program has, with its `key`.
        Raises `DeviceError`, and ValueError for words that the program does not take."""
        ...


@dataclass(frozen=True)
class SelfCheck:
    """What a device checks its own proofs under a key by: a `program`, the program's `key`, and
    the points of the public wires, `signals`, shape (public + 1, 8)."""

    program: WideProgram
    key: Sequence[int]
    signals: Limbs


@dataclass(frozen=True)
class Proven:
    """A proof by one command: what the scalars of H took, the sums of A, B, B, and of C with H, and
    the proof's C; and the words that went over the link, to the device and back. `right`: the
    device found nothing wrong with it, in `check_cycles`, 0 where it has not looked."""

    quotient: Quotient
    sums: list[Result]
    closing: Result
    sent: int
    received: int
    right: bool = True
    check_cycles: int = 0


@runtime_checkable
class Proving(Protocol):
    """A device that may make a whole Groth16 proof, under keys that it holds as long as there is
    room for them."""

    @property
    def proves(self) -> int:
        """It does of matrices with up to ``2 ** proves`` rows each; 0: that is for its caller."""
        ...

    @property
    def blind(self) -> bool:
        """It has no datapath: only the cycles are its own, and the scalars of H are given to it."""
        ...

    def hold(self, matrices: Matrices, points: Sequence[Limbs], private: int,
             check: SelfCheck | None = None) -> Any:
        """A handle of a key for `prove`.

        `points`: of the sums of A, B in G1, B, C and H, those that blind a proof among them: behind
        A alpha, delta; behind B in G1 beta; behind B beta, delta. `private`: the wire
        whose value is the first scalar of C's. `check`: only of one that checks proofs, which then
        says of each whether it is right.
        """
        ...

    def prove(self, key: Any, witness: Limbs, blinding: tuple[int, int], h: Limbs | None = None,
              progress: Progress | None = None) -> Proven | None:
        """A proof of a witness, shape (wires, 4), plain integers below the groups' order, with the
        random numbers r, s; None where its memory has no room for the key. `h`: only of one that is
        blind. `progress` counts points, as of `Device.run`, and rows. Raises `DeviceError`."""
        ...


@runtime_checkable
class Combining(Protocol):
    """A device that may also sum a few points that it has not been given to keep."""

    @property
    def combines(self) -> bool:
        """Whether it does; else that is for its caller."""
        ...

    def combine(self, group: Group, points: Limbs, scalars: Limbs) -> Result:
        """``sum(scalars[i] * points[i])``; shapes and errors as of `Device.load` and `run`."""
        ...


@runtime_checkable
class Multiplying(Protocol):
    """A device that may multiply matrices of bytes too, between its sums."""

    @property
    def multiplies(self) -> MatrixUse | None:
        """How it does; None where it does not."""
        ...

    def product(self, x: Whole, w: Whole) -> Multiplied:
        """``x w``, of elements of 0 to 255, by one command. ValueError for what has no room on it,
        see `sim.matrix.Plan`; raises `DeviceError`."""
        ...


@runtime_checkable
class GivingWay(Protocol):
    """A device that may be taken away from its sums: what `progress` raises breaks them off.

    `Device.run`, and `Proving.prove` if it does, then call it at every look at the device,
    `accelerator.CHUNK` cycles apart at the most, raise what it raised, and the device is as before,
    with all its points.
    """

    @property
    def gives_way(self) -> int:
        """Words of its memory for points, at least 1; 0 where it does not."""
        ...


@runtime_checkable
class Shared(Protocol):
    """A device whose sums come from others, whom a check can tell apart."""

    def checked(self, jobs: Sequence[Job]) -> list[Result]:
        """The right results of `jobs`, by this machine; who has answered otherwise is put aside.

        For when what was made of the results has turned out wrong.
        """
        ...


class Device(Protocol):
    """Something that computes multi-scalar multiplications on BN254."""

    @property
    def name(self) -> str:
        """What the user calls it: ``rtl``, ``model``, ``cpu``."""
        ...

    def load(self, group: Group, points: Limbs) -> Bases:
        """Keep `points` (shape (n, 8) or (n, 16), laid out as `Result.point`) for later jobs."""
        ...

    def run(self, jobs: Sequence[Job], progress: Progress | None = None) -> list[Result]:
        """Compute every job, in any order, side by side where the device has several lanes;
        return the results in the order of `jobs`. `progress` counts points."""
        ...

    def close(self) -> None:
        """Give back what the device holds; no further call is allowed."""
        ...


@dataclass(frozen=True)
class Abilities:
    """What a device may do besides sums, by the names that its protocols have for that."""

    transforms: int = 0
    one_way: int = 0
    evaluates: bool = False
    combines: bool = False
    multiplies: MatrixUse | None = None
    proves: int = 0
    blind: bool = False
    gives_way: int = 0
    checks: CheckShape | None = None


def abilities_of(device: Device) -> Abilities:
    """As the device says."""
    return Abilities(
        device.transforms if isinstance(device, Transforming) else 0,
        device.one_way if isinstance(device, OneWay) else 0,
        isinstance(device, Evaluating) and device.evaluates,
        isinstance(device, Combining) and device.combines,
        device.multiplies if isinstance(device, Multiplying) else None,
        device.proves if isinstance(device, Proving) else 0,
        isinstance(device, Proving) and device.blind,
        device.gives_way if isinstance(device, GivingWay) else 0,
        device.checks if isinstance(device, Checking) else None)
