"""What the adders of points must answer, from the formula and the group law on integers."""

from random import Random

from proofmill.boards.cores.bench import Bench, number, rows, width
from proofmill.boards.cores.points import some_points
from proofmill.hdl.batch_intake import coordinate_bits, pair_layout
from proofmill.hdl.batch_shape import BatchShape
from proofmill.hdl.curve import Curve, Group
from proofmill.hdl.framed_adder import FramedAdder, Timetable
from proofmill.hdl.point_adder import AdderShape
from proofmill.sim.curve import Affine, Homogeneous, complete_sum, equation, to_homogeneous
from proofmill.sim.field import to_montgomery

PAIRS = 24
"""Pairs of points."""


def adder_bench(shape: AdderShape) -> Bench:
    """Sums in the first group: of random points, of equal and opposite ones, and at infinity."""
    group, p = shape.groups[0], shape.curve.base.modulus
    rng, timetable = Random(p), Timetable(shape, shape.groups[0])
    bits, radix = shape.coordinate_bits, shape.multiplier.radix
    points = some_points(shape.curve, group, 12, seed=3)
    pairs = [(points[0], points[0]), (points[0], points[1]), (None, points[0]), (None, None)]
    pairs += [(rng.choice(points), rng.choice(points)) for _ in range(PAIRS - len(pairs))]
    loads: list[tuple[int, int, int, int, int]] = []  # cycle, unit, position, p, q
    sums: list[tuple[int, int, int]] = []  # cycle, lane, value
    for k, pair in enumerate(pairs):
        # Any multiple of a point's coordinates is the point.
        p_, q = (to_homogeneous(point, (rng.randrange(1, p), *[0] * (group.degree - 1)), p)
                 for point in pair)
        total = complete_sum(shape.curve, group, p_, q)
        for n, (cycle, one, other) in enumerate(zip(
                timetable.loads(k, rng.randrange(timetable.slots)), _parts(p_), _parts(q),
                strict=True)):
            loads.append((cycle, k % shape.units, n, one, other))
        for n, (cycle, part) in enumerate(zip(timetable.totals(k), _parts(total), strict=True)):
            sums.append((cycle, timetable.lane(n), part * pow(radix, -3, p) % p))
    sums.sort()
    unit = FramedAdder(shape)
    position = width(unit, "pairs", 0, "position")
    cycles, units = zip(*((cycle, at) for cycle, at, *_ in loads), strict=True)
    return Bench(
        parts=["adder"], answers=len(sums), limit=sums[-1][0] + 4 * max(shape.frame.values()) + 100,
        places={
            "LOADS": len(loads), "SUMS": len(sums), "INTERVAL": shape.interval[group],
            "COORDINATE_MSB": bits - 1, "MODULUS": number(p, bits), "POSITION_MSB": position - 1,
            "UNITS_MSB": shape.units - 1, "LANES_MSB": shape.lanes - 1,
            "CYCLE_MSB": width(unit, "cycle") - 1,
            "TURN_MSB": width(unit, "turn") - 1, "LAST_TURN": shape.units - 1,
            "GROUP": f"{width(unit, 'group')}'d0",
            "PORTS": "".join([
                *(f",\n    .pairs__{n}__load(load[{n}]), .pairs__{n}__position(position[{n}]), "
                  f".pairs__{n}__p(p[{n}]), .pairs__{n}__q(q[{n}])" for n in range(shape.units)),
                *(f",\n    .totals__{n}(total[{n}])" for n in range(shape.lanes))]),
            "ROWS": "\n".join([
                rows(load_cycle=cycles, load_unit=units,
                     load_position=[number(row[2], position) for row in loads],
                     load_p=[number(row[3], bits) for row in loads],
                     load_q=[number(row[4], bits) for row in loads]),
                rows(sum_cycle=[cycle for cycle, _, _ in sums],
                     sum_lane=[lane for _, lane, _ in sums],
                     sum_of=[number(value, bits) for _, _, value in sums])])})


def batch_bench(curve: Curve, shape: BatchShape) -> Bench:
    """Affine sums: of random points, of equal and opposite ones, and at infinity."""
    group = next(group for group in Group if group.degree == shape.degree)
    rng, law = Random(shape.modulus), equation(curve, group)
    points = some_points(curve, group, 12, seed=3)
    one = next(point for point in points if point is not None)
    pairs = [(one, one), (one, law.negate(one)), (None, one), (one, None), (None, None)]
    pairs += [(rng.choice(points), rng.choice(points)) for _ in range(PAIRS)]
    bits, layout = coordinate_bits(shape), pair_layout(shape)
    width, each = layout.size - shape.tag_bits, 2 * bits + 1

    def word(point: Affine) -> int:
        parts = () if point is None else (*point[0], *point[1])
        width = shape.multiplier.field.bits
        return (sum(to_montgomery(shape.multiplier, part) << n * width
                    for n, part in enumerate(parts)) | (point is None) << 2 * bits)

    return Bench(
        parts=["batch_adder"], answers=len(pairs),
        limit=len(pairs) * 10 * shape.slots * shape.interval + 8 * shape.inverter.latency, places={
            "COUNT": len(pairs), "PAIR_MSB": width - 1, "POINT_MSB": each - 1,
            "TAG_MSB": shape.tag_bits - 1,
            "ROWS": rows(pair_of=[number(word(p_) | word(q) << each, width) for p_, q in pairs],
                         sum_of=[number(word(law.add(p_, q)), each) for p_, q in pairs])})


def _parts(point: Homogeneous) -> list[int]:
    return [part for coordinate in point for part in coordinate]
