"""A scheduled program as the words of a wide processor."""

from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property

from proofmill.firmware.list_schedule import schedule
from proofmill.firmware.straight_line import Builder, Kind
from proofmill.hdl.wide_shape import GIVEN, PRODUCTS, SEND_CYCLES, START_CYCLES, WideShape


@dataclass(frozen=True, eq=False)
class WideProgram:
    """What a wide processor runs.

    Attributes
    ----------
    words : of the shape's layout, each carried out in ``shape.stride`` cycles.
    depths : registers of each bank that it uses.
    constants : what has to lie in registers of the bank of what is given, by address.
    keys : words of the key.
    inputs, outputs : words that come in, and go out.
    products, sums : operations; there could be a product in every ``shape.product_words`` words
        and ``shape.adders`` sums in each.
    chain : cycles that the longest chain of operations takes, were units without number.
    """

    shape: WideShape
    words: list[int]
    depths: list[int]
    constants: dict[int, int]
    keys: int
    inputs: int
    outputs: int
    products: int
    sums: int
    chain: int

    @property
    def cycles(self) -> int:
        """From the first input's being taken to the last output's, if nobody waits."""
        return (self.inputs + START_CYCLES + self.shape.stride * len(self.words)
                + SEND_CYCLES)

    @cached_property
    def bits(self) -> int:
        """Of the memory of words."""
        return self.shape.layout.bits * len(self.words)


def assemble(builder: Builder, ahead: int = 0) -> WideProgram:
    """Schedule what `builder` has and write it down; `ahead` is `schedule`'s. Raises ValueError
    where it does not fit."""
    shape, placed = builder.shape, schedule(builder, ahead)
    layout = shape.layout
    for bank, depth in enumerate(placed.depths):
        if depth > 1 << shape.address_bits:
            raise ValueError(f"the program wants {depth} registers of bank {bank}; give the "
                             f"processor more than {shape.address_bits} address_bits")
    if placed.length + len(builder.outputs) > shape.store:
        raise ValueError(f"the program has {placed.length + len(builder.outputs)} words, the "
                         f"processor room for {shape.store}: make its `store` larger")
    if builder.keys > 1 << shape.key_bits:
        raise ValueError(f"the program wants a key of {builder.keys} words; give the processor "
                         f"more than {shape.key_bits} key_bits")
    words: dict[int, dict[str, int]] = defaultdict(dict)

    def read(cycle: int, port: str, register: tuple[int, int]) -> None:
        if register[0] == shape.banks and port != "b":
            raise ValueError("a word of the key is read by the multiplier's second operand alone: "
                             "multiply it by what is none before it is added or inverted")
        words[cycle] |= {f"{port}_bank": register[0], f"{port}_address": register[1]}

    for node, cycle in placed.time.items():
        bank, address = placed.register[node]
        match node.kind:
            case Kind.PRODUCT:
                one, two = (placed.register[term.node] for term in node.terms)
                if one[0] == shape.banks:
                    one, two = two, one
                read(cycle, "a", one)
                read(cycle, "b", two)
            case Kind.INVERSE:
                read(cycle, "a", placed.register[node.terms[0].node])
                words[cycle] |= {"invert": 1, "b_bank": bank, "b_address": address}
            case Kind.SUM:
                for port, term in zip(layout.sums[placed.adder[node]], node.terms, strict=False):
                    read(cycle, port, placed.register[term.node])
                    words[cycle] |= {f"{port}_shift": term.shift,
                                     f"{port}_negative": int(term.negative)}
        if bank != GIVEN:
            words[placed.there[node] - 1][layout.targets[bank - PRODUCTS]] = address
    for number, node in enumerate(builder.outputs):
        read(placed.length + number, "a", placed.register[node])
        words[placed.length + number]["send"] = 1
    words[placed.length + len(builder.outputs) - 1]["last"] = 1
    kinds = [node.kind for node in placed.time]
    return WideProgram(
        shape, [layout.encode(words[n]) for n in range(max(words) + 1)], placed.depths,
        {0: 0} | {placed.register[node][1]: node.value for node in placed.register
                  if node.kind is Kind.CONSTANT},
        builder.keys, builder.inputs, len(builder.outputs),
        kinds.count(Kind.PRODUCT), kinds.count(Kind.SUM),
        shape.stride * max(node.early for node in builder.outputs))
