"""The devices by the names users give them."""

from collections.abc import Callable, Collection
from typing import TYPE_CHECKING

from proofmill.host.ground.errors import ProofmillError

if TYPE_CHECKING:  # a command line that names no device need not wait for NumPy
    from proofmill.hdl.curve import Group
    from proofmill.hdl.msm import MsmShape
    from proofmill.host.prover.devices.accelerator import Accelerator
    from proofmill.host.prover.devices.arithmetic import Arithmetic
    from proofmill.host.prover.devices.device import Device
    from proofmill.sim.dump import Dump

BuildProgress = Callable[[str, int, int], None]
"""Called with (what is being done, steps done, steps in all)."""

DEVICES = {
    "rtl": "the accelerator's own Verilog, simulated cycle by cycle in this process",
    "model": "values from this machine's processor, cycles from the accelerator's control alone; "
             "they equal the RTL's exactly",
    "cpu": "this machine's processor alone",
    "rtl+h": "rtl with transforms: it computes the scalars h too",
    "model+h": "model of that",
    "rtl+t": "rtl+h that transforms polynomials of PLONK and FFLONK too",
    "model+t": "model of that",
    "rtl+e": "rtl+h that evaluates a key's matrices too: A w, B w",
    "model+e": "model of that",
    "rtl+c": "rtl+e that checks Groth16 proofs too",
    "model+c": "model of that",
    "rtl+b": "rtl with sums made in batches of affine points, by half of the products",
    "model+b": "model of that, for points of which no two that meet are equal",
    "rtl+bh": "rtl with batches and transforms",
    "model+bh": "model of that",
    "rtl+be": "rtl with batches, transforms and evaluation",
    "model+be": "model of that",
    "rtl+bc": "rtl with all of these and the check",
    "model+bc": "model of that",
    "rtl+m": "rtl with one row of its multiplier's blocks alone, which also multiplies matrices of "
             "bytes: results of models, between sums",
    "model+m": "model of that",
    "serial:PORT": "a board, or the simulation of one, at a serial port; serial:PORT@BAUD for "
                   "another rate than 3,000,000",
}
"""Every device, and what it is."""

KZG_DEVICES = ("cpu", "model", "rtl")
"""Those of them that compute the sums of KZG, on BLS12-381."""


def open_device(name: str, *, lanes: int | None = None, window: int | None = None,
                at_once: int | None = None, copies: int | None = None,
                shape: "MsmShape | None" = None,
                progress: BuildProgress | None = None, threads: int | None = None,
                groups: "Collection[Group] | None" = None, dump: "Dump | None" = None,
                arithmetic: "Arithmetic | None" = None, weight_words: int = 0) -> "Device":
    """The device called `name`, one of `DEVICES`; `threads` are of cpu (default: one a core).

    `lanes` accelerators are simulated side by side (default: one a core). `window` forces the
    window width, `at_once` the windows in one pass, `copies` how many there are of a point,
    `shape` another accelerator than the standard one, `groups` those that it has to compute in
    (default: both), `dump` a waveform that the first simulated accelerator writes, `arithmetic`
    that of the curve of `shape` (default: BN254's), of which there are simulated ones alone.
    `weight_words` of an accelerator's memory are for matrices, if it multiplies any. Raises
    `ProofmillError` for a name that is none, where a simulation cannot be built, and for a board of
    another curve or without such a group.
    """
    if name == "cpu":
        from proofmill.host.prover.devices.cpu import CpuDevice

        processor = CpuDevice(threads)
        processor.prepare(progress)
        return processor
    if name.startswith("serial:") and name != "serial:PORT":
        return _board_device(name, window, groups, weight_words)
    if name not in DEVICES:
        raise ProofmillError(
            f"there is no device {name!r}; the devices are {', '.join(DEVICES)}")
    # The generator and the simulator take half a second to import.
    from proofmill.hdl.curve import Group
    from proofmill.host.ground.cores import cores
    from proofmill.host.prover.devices.accelerator import Accelerator
    from proofmill.host.prover.devices.arithmetic import ON_BN254
    from proofmill.host.prover.devices.checking import CheckingLanes
    from proofmill.sim.verilated import Simulation, build

    shape = simulated_shape(name, shape)
    gateware, library = build(shape, progress, traced=dump is not None)
    count = cores() if lanes is None else lanes
    return CheckingLanes(
        name, [Accelerator(Simulation(library, dump if n == 0 else None), gateware.identity)
               for n in range(count)],
        window, at_once, copies=copies,
        groups=tuple(Group) if arithmetic is None else shape.adder.groups,
        arithmetic=arithmetic or ON_BN254, weight_words=weight_words)


def multiplies_matrices(name: str) -> bool:
    """Whether the simulated device `name` multiplies matrices."""
    return "m" in name.partition("+")[2]


def simulated_shape(name: str, shape: "MsmShape | None" = None) -> "MsmShape":
    """The accelerator that the simulated device `name` has, of `shape` (default: the standard one)
    with what the name adds."""
    from proofmill.hdl.presets import (
        STANDARD,
        control_only,
        with_batches,
        with_check,
        with_evaluation,
        with_matrices,
        with_one_way,
        with_transforms,
    )

    shape = STANDARD if shape is None else shape
    kind, _, more = name.partition("+")
    if "b" in more:
        shape = with_batches(shape)
    if "h" in more:
        shape = with_transforms(shape)
    if "t" in more:
        shape = with_one_way(shape)
    if "e" in more:
        shape = with_evaluation(shape)
    if "c" in more:
        shape = with_check(shape)
    if multiplies_matrices(name):
        shape = with_matrices(shape)
    return control_only(shape) if kind == "model" else shape


def is_built(name: str) -> bool:
    """Whether `open_device(name)` has nothing to build; True for a name that is none as well."""
    if name == "cpu" or name not in DEVICES or name == "serial:PORT":
        return True
    from proofmill.sim.compiling import BuildError
    from proofmill.sim.verilated import is_kept

    try:
        return is_kept(simulated_shape(name))
    except BuildError:
        return True  # `open_device` says what is wrong


def open_board(name: str) -> "Accelerator":
    """The accelerator on the board that ``serial:PORT`` names, of whatever curve."""
    from proofmill.host.prover.devices.accelerator import Accelerator
    from proofmill.host.prover.devices.serial import open_serial

    link = open_serial(name.removeprefix("serial:"))
    try:
        return Accelerator(link)
    except BaseException:
        link.close()
        raise


def _board_device(name: str, window: int | None, groups: "Collection[Group] | None",
                  weight_words: int) -> "Device":
    from proofmill.hdl.curve import Group
    from proofmill.host.prover.devices.checking import CheckingLanes

    accelerator = open_board(name)
    try:
        return CheckingLanes(name, [accelerator], window,
                            groups=tuple(Group) if groups is None else groups,
                            weight_words=weight_words)
    except BaseException:
        accelerator.close()
        raise
