"""Pairs of affine points through a batch-affine adder, beside its model."""

from dataclasses import replace
from random import Random

import numpy as np
from amaranth import *
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from proofmill.hdl.batch_intake import coordinate_bits, pair_layout, sum_layout
from proofmill.hdl.curve import TOY_CURVE
from proofmill.hdl.quadratic_adder import adder_of
from proofmill.sim.batch import BatchModel, kind_of, products
from proofmill.sim.curve import equation
from proofmill.sim.field import from_montgomery, to_montgomery
from tests.hdl.compiled import Compiled
from tests.hdl.points import toy_points
from tests.simulation import simulate

KINDS = ("random", "equal", "pauses", "now and then")
"""Of pairs, and of how they come: see `check_cycles`."""


def joined(shape, parts):
    """A coordinate in Montgomery form, its first part lowest."""
    bits = shape.multiplier.field.bits
    return sum(to_montgomery(shape.multiplier, part) << bits * n for n, part in enumerate(parts))


def to_words(shape, point):
    """An affine point as the adder takes it; at infinity anything."""
    x, y = ((5,) * shape.degree, (7,) * shape.degree) if point is None else point
    return {"x": joined(shape, x), "y": joined(shape, y), "infinite": int(point is None)}


def packed(shape, p, q, tag):
    """A pair as a number, by its layout; without the layout, which takes long for many."""
    bits = coordinate_bits(shape)
    words = [word["x"] | word["y"] << bits | word["infinite"] << 2 * bits
             for word in (to_words(shape, p), to_words(shape, q))]
    return words[0] | words[1] << 2 * bits + 1 | tag << 4 * bits + 2


def unpacked(shape, word):
    """(tag, point) of a sum that is a number; at infinity its coordinates are 0."""
    p, part, bits = shape.modulus, shape.multiplier.field.bits, coordinate_bits(shape)
    x, y = (word >> bits * n & (1 << bits) - 1 for n in range(2))
    infinite, tag = word >> 2 * bits & 1, word >> 2 * bits + 1
    assert not infinite or (x, y) == (0, 0)
    parts = [[value >> part * n & (1 << part) - 1 for n in range(shape.degree)]
             for value in (x, y)]
    assert all(each < p for both in parts for each in both)
    return tag, None if infinite else tuple(
        tuple(from_montgomery(shape.multiplier, each) for each in both) for both in parts)


def modelled(shape, kinds, rng=None, drain=None, cycles=1 << 22):
    """(model, cycles in which pairs went in, (cycle, pair) in which sums were taken); with `rng`
    both streams pause. `drain` is a function of the cycle and of the pairs still to come."""
    model, waiting, offers, sums = BatchModel(shape), list(kinds), [], []
    log = {"offered": [], "ready": [], "drain": []}
    offered = False
    while len(sums) < len(kinds):
        assert model.cycle < cycles, (len(sums), vars(model))
        offered = bool(waiting) and (offered or rng is None or rng.random() < 0.3)
        ready = rng is None or rng.random() < 0.4
        drains = not waiting if drain is None else drain(model.cycle, len(waiting))
        for name, value in (("offered", offered), ("ready", ready), ("drain", drains)):
            log[name].append(value)
        if ready and model.sum is not None:
            sums.append((model.cycle, model.sum))
        accepted = offered and model.ready
        if accepted:
            offers.append(model.cycle)
        model.step(waiting[0] if offered else None, ready, drains)
        if accepted:
            waiting.pop(0)
            offered = False
    return model, offers, sums, log


class Split(wiring.Component):
    """An adder whose ports have at most 64 bits: a pair comes in three."""

    def __init__(self, shape):
        self.shape, self.half = shape, (pair_layout(shape).size - shape.tag_bits) // 2
        super().__init__({
            "p": In(self.half), "q": In(self.half), "tag": In(shape.tag_bits), "valid": In(1),
            "ready": Out(1), "sums": Out(stream.Signature(sum_layout(shape))), "drain": In(1),
            "fault": Out(1), "additions": Out(32), "products": Out(32), "batches": Out(32)})

    def elaborate(self, platform):
        m = Module()
        m.submodules.adder = adder = adder_of(self.shape)
        m.d.comb += [
            adder.pairs.payload.as_value().eq(Cat(self.p, self.q, self.tag)),
            adder.pairs.valid.eq(self.valid), self.ready.eq(adder.pairs.ready),
            adder.drain.eq(self.drain), *(getattr(self, name).eq(getattr(adder, name)) for name in (
                "fault", "additions", "products", "batches"))]
        wiring.connect(m, adder.sums, wiring.flipped(self.sums))
        return m


def compiled_run(shape, pairs, rng=None, drain=None):
    """The model and the compiled RTL side by side: equal in every cycle; the RTL's sums."""
    model, offers, sums, log = modelled(shape, [kind_of(*pair) for pair in pairs], rng, drain)
    half = (pair_layout(shape).size - shape.tag_bits) // 2
    halves = [packed(shape, p, q, 0) for p, q in pairs]
    words = [[word & (1 << half) - 1 for word in halves], [word >> half for word in halves],
             [n % (1 << shape.tag_bits) for n in range(len(pairs))]]
    sent = np.zeros((3, model.cycle), dtype=np.uint64)
    for n, cycle in enumerate(offers):  # from when it is offered to when it goes in
        for row, each in zip(sent, words, strict=True):
            row[offers[n - 1] + 1 if n else 0:cycle + 1] = each[n]
    outputs = Compiled(Split(shape)).run(
        model.cycle, p=sent[0], q=sent[1], tag=sent[2], valid=log["offered"],
        sums__ready=log["ready"], drain=log["drain"])
    went = np.flatnonzero(np.array(log["offered"]) & (outputs["ready"] == 1))
    came = np.flatnonzero(np.array(log["ready"]) & (outputs["sums__valid"] == 1))
    found = [unpacked(shape, int(word)) for word in outputs["sums__payload"][came]]
    assert went.tolist() == offers
    assert [(int(cycle), tag) for cycle, (tag, _) in zip(came, found, strict=True)] == [
        (cycle, n % (1 << shape.tag_bits)) for cycle, n in sums]
    counters = [int(outputs[name][-1]) for name in ("additions", "products", "batches")]
    assert counters == [model.additions, model.products, model.batches]
    assert not outputs["fault"].any()
    return model, {n: point for (_, n), (_, point) in zip(sums, found, strict=True)}


def simulated_run(shape, pairs):
    """The model and the RTL in Amaranth's simulator: sums in the same cycles; the RTL's sums."""
    model, _, sums, _ = modelled(shape, [kind_of(*pair) for pair in pairs])
    dut, found = adder_of(shape), []

    async def give(ctx):
        ctx.set(dut.pairs.valid, 1)
        for tag, (p, q) in enumerate(pairs):
            ctx.set(dut.pairs.payload, {
                "p": to_words(shape, p), "q": to_words(shape, q), "tag": tag})
            await ctx.tick().until(dut.pairs.ready)
        ctx.set(dut.pairs.valid, 0)
        ctx.set(dut.drain, 1)

    async def take(ctx):
        ctx.set(dut.sums.ready, 1)
        for cycle in range(model.cycle):
            if ctx.get(dut.sums.valid):
                found.append((cycle, *unpacked(shape, ctx.get(dut.sums.payload.as_value()))))
            await ctx.tick()
        assert ctx.get(dut.products) == model.products

    simulate(dut, give, take, cycles=model.cycle + 10)
    assert [(cycle, tag) for cycle, tag, _ in found] == sums
    return {tag: point for _, tag, point in found}


def check_every_pair(shape, group):
    """Sums of all 181 * 181 pairs of the toy group, infinity, doublings and opposites included;
    the model, whose products and cycles are the RTL's."""
    points, shape, rng = toy_points(group), replace(shape, tag_bits=14), Random(1)
    order = [(i, j) for i in range(181) for j in range(181)]
    rng.shuffle(order)
    pairs = [(points[i], points[j]) for i, j in order]
    model, found = compiled_run(shape, pairs)
    for n, (i, j) in enumerate(order):
        assert found[n] == points[(i + j) % 181]
    assert model.products == products(shape, [kind_of(*pair) for pair in pairs], model.batches)
    return model


def check_cycles(shape, group, count, kind, seed):
    """The model has the RTL's cycles, whatever is added and however the streams pause."""
    points, rng = toy_points(group), Random(seed)
    pairs = [(rng.choice(points), rng.choice(points)) for _ in range(count)]
    if kind == "equal":
        pairs = [(p, p) for p, _ in pairs]
    # Now and then batches are closed that have a pair or two.
    drain = None if kind != "now and then" else (
        lambda cycle, waiting: not waiting or cycle // 900 % 2 == 1)
    _, found = compiled_run(shape, pairs, None if kind in ("random", "equal") else rng, drain)
    law = equation(TOY_CURVE, group)
    assert [found[n] for n in range(count)] == [law.add(*pair) for pair in pairs]
