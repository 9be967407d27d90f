import random
from pathlib import Path

import numpy as np
import pytest

from proofmill.hdl.accelerator import identity_words
from proofmill.hdl.commands import IDENTITY
from proofmill.hdl.curve import BN254, Group
from proofmill.hdl.presets import STANDARD, control_only
from proofmill.hdl.windows import WindowPlan
from proofmill.host.bench.msm import BASES, KINDS, bases_of, measure, scalars_of
from proofmill.host.ground.errors import ProofmillError
from proofmill.host.prover.curve.limbs import to_limbs
from proofmill.host.prover.devices import accelerator
from proofmill.host.prover.devices.accelerator import Accelerator
from proofmill.host.prover.devices.catalogue import open_device
from proofmill.host.prover.devices.cpu import CpuDevice
from proofmill.host.prover.devices.device import DeviceError, Job
from proofmill.host.prover.devices.lanes import LanesDevice
from proofmill.host.prover.groth16.prove import Prover
from proofmill.host.prover.groth16.verify import verify
from proofmill.host.prover.groth16.wtns import read_witness
from proofmill.host.prover.groth16.zkey import read_zkey
from proofmill.sim.verilated import Simulation, build
from tests.host.prover.devices.links import FlippedBit, Identified, Silent

CHAIN4 = Path(__file__).parents[3] / "vectors" / "chain4"
GROUPS = list(Group)
IDENTITY_WORDS = 1 + len(IDENTITY)


@pytest.fixture(scope="module")
def rtl():
    device = open_device("rtl", lanes=2)
    yield device
    device.close()


@pytest.fixture(scope="module")
def model():
    device = open_device("model", lanes=2)
    yield device
    device.close()


@pytest.mark.parametrize("group", GROUPS)
@pytest.mark.parametrize("kind", KINDS)
def test_sums_are_right_and_the_model_counts_the_same_cycles(rtl, model, group, kind):
    points = 96 // group.degree
    figures = [measure(device, group, points, kind, seed=3) for device in (rtl, model)]
    assert figures[0]["counters"] == figures[1]["counters"]


@pytest.mark.parametrize("group", GROUPS)
@pytest.mark.parametrize("bases", BASES)
def test_any_points_give_the_right_sum(rtl, model, group, bases):
    figures = [measure(device, group, 40, "uniform", bases) for device in (rtl, model)]
    assert figures[0]["counters"] == figures[1]["counters"]
    skipped = 10 if bases == "infinity" else 0
    assert figures[0]["counters"]["skipped"] == skipped


@pytest.mark.parametrize("window", [2, 3, 5, 8])
def test_every_window_gives_the_right_sum(window):
    device = open_device("rtl", lanes=1, window=window)
    try:
        assert measure(device, Group.G1, 20, "uniform")["window"] == window
    finally:
        device.close()


@pytest.mark.parametrize("group", GROUPS)
@pytest.mark.parametrize("copies, kind", [(1, "uniform"), (2, "hot"), (7, "witness"), (20, "two")])
def test_any_number_of_copies_gives_the_right_sum(rtl, model, group, copies, kind):
    figures = []
    for device in (rtl, model):
        forced = LanesDevice(device.name, device.accelerators[:1], copies=copies)
        figures.append(measure(forced, group, 30, kind, "infinity"))
    assert figures[0]["counters"] == figures[1]["counters"]
    assert figures[0]["copies"] <= copies and (kind == "witness" or figures[0]["copies"] == copies)


def test_a_key_gets_the_copies_that_its_device_has_memory_for(model, monkeypatch):
    """Several sums share the memory; what is chosen is what the device says, and fits."""
    (lane, *_), cycles = model.accelerators, []
    for memory in (1, 60_000, 1 << 26):
        device = LanesDevice("model", [lane])
        monkeypatch.setattr(lane, "memory", lane.used + memory if memory > 1 else 0)
        start, rng, bases = lane.used, random.Random(1), []
        device._reserved = start if memory > 1 else 0
        for group, count in ((Group.G1, 200), (Group.G2, 100), (Group.G1, 300)):
            bases.append(device.load(group, bases_of("random", group, count, rng)[0]))
        results = device.run([Job(each, to_limbs(scalars_of("uniform", each.count, rng)))
                              for each in bases])
        assert lane.used - start <= max(memory, 200 * 8 + 100 * 16 + 300 * 8)
        assert any(each.handle.stride for each in bases) == (memory > 1)
        cycles.append(sum(result.cycles for result in results))
        lane.unload(start)
    assert cycles[0] > 1.05 * cycles[1] > 1.1 * cycles[2]


def test_scalars_that_are_short_are_cut_into_narrower_windows(model):
    device = LanesDevice("model", model.accelerators[:1])
    long, short = (measure(device, Group.G1, 600, kind) for kind in ("uniform", "small"))
    assert short["window"] < long["window"]


def test_a_window_that_does_not_fit_is_refused(rtl):
    device = LanesDevice("rtl", rtl.accelerators, window=16)
    points, _ = bases_of("random", Group.G1, 2, random.Random(0))
    with pytest.raises(ValueError, match="8192 mailboxes are too few for windows of 16 bits"):
        device.run([Job(device.load(Group.G1, points), to_limbs([1, 2]))])


@pytest.mark.parametrize("window, at_once", [(11, None), (8, 1), (8, 5)])
def test_windows_that_do_not_fit_at_once_are_computed_in_passes(rtl, model, window, at_once):
    figures = []
    for device in (rtl, model):
        few = LanesDevice(device.name, device.accelerators[:1], window, at_once, copies=1)
        figures.append(measure(few, Group.G1, 30, "uniform", "infinity"))
    assert figures[0]["counters"] == figures[1]["counters"]
    passes = figures[0]["passes"]
    assert passes > 1 and figures[0]["counters"]["skipped"] == 8 * passes


@pytest.mark.parametrize("at_once", [None, 5])
def test_progress_ends_at_its_total(model, at_once):
    device = LanesDevice("model", model.accelerators[:1], 8, at_once)
    random_scalars = random.Random(1)
    jobs = [Job(device.load(group, bases_of("random", group, 40, random_scalars)[0]),
                to_limbs(random_scalars.randrange(1 << 250) for _ in range(40)))
            for group in GROUPS]
    told = []
    device.run(jobs, lambda done, total: told.append((done, total)))
    assert told[0][0] == 0 and told[-1][0] == told[-1][1]
    assert told == sorted(told) and len({total for _, total in told}) == 1


@pytest.mark.parametrize("group", GROUPS)
@pytest.mark.parametrize("at_once", [None, 11])
def test_the_host_finishes_as_the_chip_does(rtl, group, at_once):
    rng = random.Random(11)
    points, _ = bases_of("infinity", group, 12, rng)
    scalars, found = to_limbs(scalars_of("uniform", 12, rng)), []
    for on_chip in (True, False):
        device = LanesDevice("rtl", rtl.accelerators[:1], 8, at_once, finish_on_chip=on_chip)
        found += device.run([Job(device.load(group, points), scalars)])
    chip, host = (result.counters for result in found)
    assert np.array_equal(found[0].point, found[1].point) and found[0].point.any()
    assert chip["output"] == host["finish"] == 0 and chip["finish"] > 10_000 and host["output"]
    assert [count for name, count in chip.items() if name not in ("output", "finish")] == [
        count for name, count in host.items() if name not in ("output", "finish")]


def test_many_jobs_share_the_lanes(rtl):
    rng, cpu = random.Random(5), CpuDevice()
    jobs, expected = [], []
    for group, count in [(Group.G1, 30), (Group.G2, 10), (Group.G1, 1), (Group.G1, 17)]:
        points, _ = bases_of("random", group, count, rng)
        scalars = to_limbs(scalars_of("uniform", count, rng))
        jobs.append(Job(rtl.load(group, points), scalars))
        expected += cpu.run([Job(cpu.load(group, points), scalars)])
    told = []
    results = rtl.run(jobs, lambda done, total: told.append((done, total)))
    for got, wanted in zip(results, expected, strict=True):
        assert np.array_equal(got.point, wanted.point)
    assert told[0] == (0, 78) and told[-1] == (78, 78)
    assert [done for done, _ in told] == sorted(done for done, _ in told)


@pytest.mark.parametrize("scalars", [[0, 0], [1, 0], [0, 1]])
def test_zero_scalars(rtl, scalars):
    rng, cpu = random.Random(6), CpuDevice()
    points, _ = bases_of("random", Group.G1, 2, rng)
    (got,) = rtl.run([Job(rtl.load(Group.G1, points), to_limbs(scalars))])
    (wanted,) = cpu.run([Job(cpu.load(Group.G1, points), to_limbs(scalars))])
    assert np.array_equal(got.point, wanted.point)


def test_the_same_job_takes_the_same_cycles(rtl):
    rng = random.Random(7)
    points, _ = bases_of("random", Group.G1, 25, rng)
    job = Job(rtl.load(Group.G1, points), to_limbs(scalars_of("uniform", 25, rng)))
    first, second, third = rtl.run([job, job, job])
    assert first.counters == second.counters == third.counters
    assert first.cycles > 0


def test_wrong_shapes_are_refused(rtl):
    with pytest.raises(ValueError, match=r"g2 points have shape \(n, 16\), not \(3, 8\)"):
        rtl.load(Group.G2, np.zeros((3, 8), dtype=np.uint64))
    bases = rtl.load(Group.G1, np.zeros((3, 8), dtype=np.uint64))
    with pytest.raises(ValueError, match=r"job 0: 3 bases need scalars of shape \(3, 4\)"):
        rtl.run([Job(bases, np.zeros((2, 4), dtype=np.uint64))])


def test_points_that_are_not_there_are_not_asked_for():
    """Before a word of it is sent."""
    device = Accelerator(Identified(identity_words(STANDARD, 0, memory_words=1 << 20)))
    scalars, plan = to_limbs([1, 2]), WindowPlan(BN254.scalar.bits, 8)
    device.used = 24
    for address, end in ((9, 25), (16, 32)):
        with pytest.raises(ValueError, match=f"^points at word {address} would be read to word "
                                             f"{end}; only 24 words are loaded$"):
            device.multiply(Group.G1, address, scalars, plan)


def test_an_interrupt_stops_every_lane_and_leaves_the_device_in_order(rtl):
    rng = random.Random(8)
    points, _ = bases_of("random", Group.G1, 600, rng)
    jobs = [Job(rtl.load(Group.G1, points), to_limbs(scalars_of("uniform", 600, rng)))] * 2

    def interrupt(done, total):
        if done > 100:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        rtl.run(jobs, interrupt)
    measure(rtl, Group.G1, 20, "uniform")


def test_a_sum_gives_way_at_every_look_and_is_right_when_it_is_begun_anew(model):
    """... looks are no further apart than is said, from the first word to the last."""
    device = LanesDevice(model.name, model.accelerators[:1])
    rng = random.Random(9)
    points, _ = bases_of("random", Group.G1, 300, rng)
    job = Job(device.load(Group.G1, points), to_limbs(scalars_of("uniform", 300, rng)))
    assert device.gives_way == device.accelerators[0].memory

    def run(last):
        """The sum, and the looks on the way; TimeoutError at the last one."""
        looks = []

        def look(done, total):
            looks.append(done)
            if len(looks) == last:
                raise TimeoutError

        return device.run([job], look)[0], len(looks)

    run(None)  # which loads the points: there are looks at that, too
    expected, looks = run(None)
    assert looks > expected.cycles / accelerator.CHUNK > 2
    for last in (2, looks // 2, looks - 1):
        with pytest.raises(TimeoutError):
            run(last)
        again, _ = run(None)
        assert np.array_equal(again.point, expected.point) and again.cycles == expected.cycles


def test_an_unknown_device_is_named():
    with pytest.raises(ProofmillError, match="no device 'gpu'; the devices are rtl, model, cpu"):
        open_device("gpu")


def test_another_gateware_is_refused():
    gateware, library = build(control_only(STANDARD))
    expected = {**gateware.identity, "datapath": 1}
    with pytest.raises(DeviceError, match="datapath is 0x0, not 0x1; load the gateware"):
        Accelerator(Simulation(library), expected)


def test_a_device_that_goes_silent_is_given_up(monkeypatch):
    monkeypatch.setattr(accelerator, "PATIENCE", 5)
    gateware, library = build(STANDARD)
    device = LanesDevice("rtl", [
        Accelerator(Silent(Simulation(library), IDENTITY_WORDS + 1), gateware.identity)])
    points, _ = bases_of("random", Group.G1, 2, random.Random(0))
    with pytest.raises(DeviceError, match="the device has not answered for 250,000 cycles"):
        device.run([Job(device.load(Group.G1, points), to_limbs([1, 2]))])


@pytest.mark.parametrize("word, fault", [
    # The answer to the first LOAD is the first word after the identity; then come the end of the
    # first MULTIPLY's groups and the words of its sum.
    (IDENTITY_WORDS, "the device answered LOAD with"),
    (IDENTITY_WORDS + 3, "gave a sum that is no point of g2"),
])
def test_a_flipped_bit_on_the_link_never_leaves_as_a_proof(word, fault):
    gateware, library = build(STANDARD)
    device = LanesDevice("rtl", [
        Accelerator(FlippedBit(Simulation(library), word), gateware.identity)])
    key, witness = read_zkey(CHAIN4 / "circuit.zkey"), read_witness(CHAIN4 / "witness.wtns")
    prover = Prover(key, device, CpuDevice())
    result = prover.prove(witness)
    assert verify(key.verification_key, result.public, result.proof)
    assert result.device == "cpu" and result.calls_on_device == 0
    assert len(result.faults) == 1 and fault in result.faults[0]
    assert prover.prove(witness).device == "cpu"  # the device stays aside
    with pytest.raises(DeviceError, match="no other device"):
        Prover(key, LanesDevice("rtl", [
            Accelerator(FlippedBit(Simulation(library), word), gateware.identity)])).prove(witness)
