"""What the host can say to the accelerator, and what comes back: the one table of both sides.

Everything on the link is 64-bit words. A command is its header, the further words of its layout,
and the data its description names; an answer begins with an `ANSWER` word. The driver packs and
the gateware decodes by these same layouts, and ``proofmill commands`` prints them.
"""

import enum

from amaranth import unsigned
from amaranth.lib import data

from proofmill.hdl.curve import Group
from proofmill.hdl.windows import WINDOWS_BITS, WindowPlan

WORD = 64
"""Bits of a word on the link and on the memory port."""

NUMBER = 4 * WORD
"""Bits of a scalar, of the bias, and of a part of a coordinate: four words, low word first."""

POINT_WORDS = 2 * NUMBER // WORD
"""Words of an affine point of G1 whose coordinates have four; one of G2 has twice as many. See
`hdl.curve.Curve.words`."""

VERSION = 9
"""Changes when a layout changes."""

MAGIC = 0x4C4C494D464F5250
"""``PROFMILL`` in ASCII, little-endian: the first word of an identity."""

IDENTITY_PLACEHOLDER = 0x7964_6974_6E65_6469
"""Stands for the gateware's hash in its own text until that is known: ``identidy``, a word that
no other constant of the design has."""


class Command(enum.IntEnum):
    """The operation in a header's lowest byte; its docstring is its description."""

    IDENTIFY = 1
    LOAD = 2
    MULTIPLY = 3
    COUNTERS = 4
    RESET = 5
    TRANSFORM = 6
    MATMUL = 7
    MATRICES = 8
    EVALUATE = 9
    EVALUATION = 10
    ONE_WAY = 11
    PROVE = 12
    CHECK = 13


class Segment(enum.IntEnum):
    """What a part of a matrix's program in the memory says, from its first word on."""

    NUMBERS = 1
    """`count` coefficients follow, to be known by numbers from `at` on."""
    WIRES = 2
    """`count` values of the witness, from wire `first` on, lie in places from `at` on from now."""
    ENTRIES = 3
    """`count` words of entries follow."""
    ROWS = 4
    """The sums of the `count` rows from `at` on are the next results; they are 0 from now on, but
    not where they stay on the chip."""


DESCRIPTIONS = {
    Command.IDENTIFY: "Say what this gateware is: one IDENTITY record of words.",
    Command.LOAD: "Write `count` words, which follow, to the memory from word `address` on. "
                  "Answers when they are written; where the memory ends before, nothing is.",
    Command.MULTIPLY: "Multiply the `count` points at word `address` by as many scalars, and sum. "
                      "A point is affine, as in a .zkey: 8 words in G1, 16 in G2, of a curve with "
                      "wider coordinates more; the next begins "
                      "`point_words` words after it. Beside it lie its multiples by powers of "
                      "2 ** `stride`, `copies` with itself, `copy_words` words from one to the "
                      "next. A scalar is cut into slices of `stride` bits, one for each copy, and "
                      "a slice into windows, of which the first `wide` have `window` bits, the "
                      "others one less; `all` of them, the scalar's last digit in number `last` of "
                      "the last slice. This pass is of the `windows` from `first` on. "
                      "With `stride` 0, where sums can be made in batches, digits are to the base "
                      "that `bias` is, below 2 ** `window`, in one window: of a scalar, if it is "
                      "not 0, follows (k + c) / base ** `copies`, k the scalar or that less the "
                      "order, c the sum of base // 2 in every digit, as a fraction of 2 ** 256 "
                      "that is rounded up; and the multiples are those by the powers of the base, "
                      "the highest first. "
                      "Sums of the first `batched` levels are made in batches. Scalars "
                      "follow, `words` words in all: for every 32 points a word of codes of 2 "
                      "bits, the lowest for the first, 0 for the scalar 0, 1, 2 or 3 for one of "
                      "1, 2 or 4 words; then these, low word first. Or, where matrices are "
                      "evaluated and `finish` has 2 more, none follow: `words` is then where they "
                      "lie in the memory, as plain numbers of 4 words. Where there is PROVE and "
                      "sums can be made in batches, with 8 more in `finish` points lie there as "
                      "elsewhere, and none are made so. Answers "
                      "one record for each group of the last level that is not infinity: an "
                      "ANSWER with `unit` and `group`, then the coordinates, low word first; and "
                      "an ANSWER with `last` set. With `finish` 1 the groups stay on the chip, "
                      "where they are combined: several passes then come from the highest windows "
                      "down. Each answers an ANSWER with `last` set; the one whose `first` is 0 "
                      "then the sum as a point lies in the memory, affine, zeros for infinity.",
    Command.COUNTERS: "Read the counters of the last MULTIPLY, and of the last TRANSFORM: one "
                      "COUNTERS record.",
    Command.RESET: "Empty all mailboxes and zero the counters. Also done after power-up.",
    Command.TRANSFORM: "Compute the scalars of a Groth16 key's points H from A w and B w. The "
                       "2 ** `power` values of A w follow, then those of B w, `words` words in "
                       "all: every value below the order of the groups, 4 words, low word first. "
                       "Where `power` is above the identity's `tile`, the `count` words of the "
                       "memory from word `address` on are overwritten, 3 values for each of the "
                       "2 ** `power`; else `count` is 0. "
                       "Answers an ANSWER with `last` set, then the 2 ** `power` scalars in "
                       "order, canonical, as many words each.",
    Command.MATMUL: "Multiply a matrix of activations by one of weights. `count` words of weights "
                    "are taken from word `address` of the memory on, as entries from `entry` on of "
                    "those that the chip has room for; where `count` is 0 they are there from "
                    "before, which they are until a MULTIPLY, a TRANSFORM or a RESET. `words` "
                    "words of activations follow. The product is of `steps`, `groups` and `tiles`: "
                    "see `hdl.matrix_unit.MatrixUnit` for how matrices lie in entries. Answers an "
                    "ANSWER with `last` set, then a word for each sum, and the cycles that the "
                    "blocks took.",
    Command.MATRICES: "Say how matrices are cut: an ANSWER, then one ARRAY record of words. Where "
                      "there are no matrices it is an unknown command, and so is MATMUL.",
    Command.EVALUATE: "Multiply sparse matrices by a witness: the sums A w and B w of a Groth16 "
                      "prover. What they are says a program of `count` words from `address` of "
                      "the first PLACE on, which LOAD has put there; the witness' values are the "
                      "`count` words of the second, each below the order of the groups, in 4 "
                      "words. A program gives 2 ** `power` rows of A, then as many of B; `words` "
                      "is 0. With `finish` 1 these go on to a TRANSFORM, whose `address` and "
                      "`count` are the third PLACE, else that is 0. Answers an ANSWER; the "
                      "scalars of H, without `finish` the sums, 4 words each; an ANSWER with "
                      "`last` set, whose error says whether the program was one; and the PHASES, "
                      "cycles, a word each. With 2 more in `finish` the results are not answered "
                      "but written, from the third place on, which the transform's is behind.",
    Command.EVALUATION: "Say how matrices lie in a program: an ANSWER, then one ROOM record of "
                        "words. Where there is no evaluation it is an unknown command, and so is "
                        "EVALUATE.",
    Command.ONE_WAY: "Evaluate a polynomial at roots of unity, or find it from its values there. "
                     "With `finish` 1 the 2 ** `power` coefficients follow, the lowest first, and "
                     "the values at h ** j w ** i come out in order, w of order 2 ** `power`, h of "
                     "four times that order; 4 j more in `finish`, j up to 3. With 2 more values "
                     "follow, and coefficients come out. `words` words in all, every number below "
                     "the order of the groups, 4 words, low word first. Answers an ANSWER with "
                     "`last` set, then the numbers, canonical, as many words each. With `finish` 0 "
                     "there is but the header: the ANSWER's `unit` is the largest `power`. Where "
                     "there are no such transforms it is an unknown command.",
    Command.PROVE: "Prove under the key whose commands are the `count` words of the second PLACE, "
                   "which LOAD has put there, as the points and matrices that they name: MULTIPLY, "
                   "EVALUATE and COUNTERS, no others, and the scalars of each MULTIPLY lie in the "
                   "memory. The `count` words of the first PLACE follow, and are written there: a "
                   "witness, and a proof's random numbers. Then the commands are carried out one "
                   "after another, and each is answered as if it had come over the link; one that "
                   "is answered with an error is the last. With 4 more in `finish` a MULTIPLY's "
                   "point is also written to the memory: the first of a PROVE behind its commands, "
                   "each other behind the one before. At last comes an ANSWER with "
                   "`last` set and the error of the last command. Where ROOM says that there is "
                   "none it is an unknown command.",
    Command.CHECK: "Check a proof, by a program of the `count` words of the first PLACE, see "
                   "`hdl.check_shape.CheckShape`. Its inputs "
                   "are the `count` words of the second PLACE, and its key those of the third, "
                   "values of 4 words, low word first, below the modulus of coordinates. With "
                   "`finish` 1. Answers an ANSWER with `last` set, whose error says whether all "
                   "that the program sends is zero, and `group` how many cycles it took. With "
                   "`finish` 0 there is but the header: the ANSWER's `unit` is n where inputs and "
                   "key may be 2 ** n - 1 values. Where nothing is checked it is an unknown "
                   "command.",
}

HEADER = data.StructLayout({"command": unsigned(8), "group": unsigned(8), "window": unsigned(8),
                            "windows": unsigned(WINDOWS_BITS), "first": unsigned(WINDOWS_BITS),
                            "finish": unsigned(8)})
PLACE = data.StructLayout({"address": unsigned(32), "count": unsigned(32)})
REGION = data.StructLayout({"second_region": unsigned(32), "all": unsigned(WINDOWS_BITS),
                            "wide": unsigned(WINDOWS_BITS)})
SLICES = data.StructLayout({"stride": unsigned(16), "copies": unsigned(16),
                            "last": unsigned(WINDOWS_BITS), "batched": unsigned(16)})
STORED = data.StructLayout({"point_words": unsigned(16), "copy_words": unsigned(16),
                            "words": unsigned(32)})
SIZE = data.StructLayout({"power": unsigned(32), "words": unsigned(32)})
MATRIX = data.StructLayout({"steps": unsigned(16), "groups": unsigned(24), "tiles": unsigned(24)})
OPERANDS = data.StructLayout({"entry": unsigned(32), "words": unsigned(32)})
SEGMENT = data.StructLayout({"kind": unsigned(8), "at": unsigned(24), "count": unsigned(32)})
FIRST = data.StructLayout({"first": unsigned(32)})
"""The two words that a segment of a program begins with; `first` is of WIRES alone. Entries are
even in number."""

ENTRY = data.StructLayout({"row": unsigned(20), "wire": unsigned(22), "number": unsigned(22)})
"""An entry: the value in place `wire` times the coefficient with that `number`, see
`hdl.evaluation.Kind`, is added to the sum of a row."""

BIAS = data.StructLayout({"bias": unsigned(64)})
BIAS_WORDS = 4
"""Words of the bias that makes digits signed, low word first: see `hdl.windows`."""

CODE_BITS = 2
"""Bits of the code that says how many words of a scalar are sent."""

CODE_WORDS = (0, 1, 2, 4)
"""... those, by code; the others are zero."""

CODES = WORD // CODE_BITS
"""Codes in a word."""

WORDS = {
    Command.IDENTIFY: (HEADER,),
    Command.LOAD: (HEADER, PLACE),
    Command.MULTIPLY: (HEADER, PLACE, REGION, SLICES, STORED, *[BIAS] * BIAS_WORDS),
    Command.COUNTERS: (HEADER,),
    Command.RESET: (HEADER,),
    Command.TRANSFORM: (HEADER, PLACE, SIZE),
    Command.MATMUL: (HEADER, PLACE, MATRIX, OPERANDS),
    Command.MATRICES: (HEADER,),
    Command.EVALUATE: (HEADER, PLACE, PLACE, PLACE, SIZE),
    Command.EVALUATION: (HEADER,),
    Command.ONE_WAY: (HEADER, SIZE),
    Command.PROVE: (HEADER, PLACE, PLACE),
    Command.CHECK: (HEADER, PLACE, PLACE, PLACE),
}
"""The words of each command before its data."""

ANSWER = data.StructLayout({"command": unsigned(8), "last": unsigned(8), "error": unsigned(8),
                            "unit": unsigned(8), "group": unsigned(32)})


class Error(enum.IntEnum):
    """The `error` of an answer."""

    NONE = 0
    UNKNOWN_COMMAND = 1
    WINDOW = 2       # outside 2..MAX_WINDOW; no copies, or slices not of 1..NUMBER bits; to a base
                     # more windows than one
    MAILBOXES = 3    # the regions of some level do not fit the memory
    GROUP = 4        # not one of this gateware's
    FINISH = 5       # this gateware has no finisher; or a point stays, and none is made, or not in
                     # a PROVE
    MEMORY = 6       # words are named that the memory has not, or that begin within a transfer
    TRANSFORM = 7    # it has no transforms, none of this size, or other words or `count`
    BATCHES = 8      # this gateware makes no sums in batches, or none of such points
    POINTS = 9       # a batch had no inverse: coordinates are not below the modulus
    MATRICES = 10    # operands have no room on the chip, sizes are 0, or no weights are there
    EVALUATION = 11  # no results of this size, other words or `count`; or the program is none
    CHECK = 12       # a program without words, or more values than there are rows
    PROOF = 13       # what was checked is not right


def errors(*, matrices: bool, evaluation: bool, check: bool) -> type[enum.IntEnum]:
    """Those that gateware gives, with or without matrices, evaluation and check. Codes are named in
    a netlist, so that without a mode it is, to the letter and the hash, what it was before there
    was one."""
    left_out = [error for error, there in (
        (Error.MATRICES, matrices), (Error.EVALUATION, evaluation), (Error.CHECK, check),
        (Error.PROOF, check)) if not there]
    return enum.IntEnum("Error", {each.name: each.value for each in Error if each not in left_out})


IDENTITY = ("magic", "version", "hash", "curve", "multipliers", "adders", "interval_g1",
            "interval_g2", "units", "mailbox_bits", "digit", "limb", "coordinate_bits", "datapath",
            "memory_words", "memory_cycles", "clock_hz", "finisher", "transforms", "tile",
            "batch", "scale")
"""The words of an identity, in order.

`curve` is the name's first eight letters, `memory_words` how many words its memory holds,
`memory_cycles` how many cycles that takes for a point of G1, `clock_hz` its clock rate, `finisher`
1 where sums can be finished on the chip, `transforms` the largest `power` of TRANSFORM, 0 where
there are none, `tile` the largest that takes none of the memory, `batch` the most pairs of a
batch, 0 where sums are not made in batches. Coordinates of G1 lie in the memory as they are times
2 ** `scale`, as in a .zkey where that is 256; where sums are made in batches those of G2 likewise,
on the curve that the adder adds on. `memory_words` and `clock_hz` are
0 where nothing but the simulation sets a limit."""

ARRAY = ("operand_bits", "interval", "carry_cycles", "loop", "element", "products", "weight_bits",
         "element_bits", "late")
"""The words of an answer to MATRICES: with the identity's `curve`, `digit` and `limb` the fields of
a `hdl.matrix_unit.MatrixUnitShape`."""

ROOM = ("places", "spacing", "radix", "value_words", "proves")
"""The words of an answer to EVALUATION: there are 2 ** `places` places for wires, for numbers of
coefficients, and rows; entries of a row are at least `spacing` entries apart; coefficients are
times 2 ** `radix`; a value has `value_words` words; and `proves` is 1 where PROVE is a command."""

PHASES = ("brought", "evaluated", "given")
"""The last words of an answer to EVALUATE, cycles: in which coefficients and wires came from the
memory, in which entries did and were summed up, and in which rows were given out or to the
transform."""

SUM_COUNTERS = ("fill", "sum", "output", "finish", "recode", "drain", "digits", "additions",
                "waited", "skipped", "batched", "products", "batches")
"""The counters of a MULTIPLY."""

TRANSFORM_COUNTERS = ("transform", "moved")
"""The counters of a TRANSFORM."""

COUNTERS = (*SUM_COUNTERS, *TRANSFORM_COUNTERS)
"""All counters, in order.

Cycles: `fill` filling the buckets; `sum` summing them by streaming them back; `output` handing out
groups; `finish` combining them, from the end of the sums to the last word of the point. Of `fill`
and `sum` together: `recode`, in which a digit was cut out of a scalar, added up over the mailbox
units; `drain`, in which nothing was left but sums on their way. Of a TRANSFORM, from its last word
to where the scalars are there: `transform`, in which it computed; `moved`, in which values of tiles
went from the memory or to it.

Events: `digits` that were not zero; `additions`, each of which takes the adder the group's
interval, if it is none of those made in batches; `waited`, service slots in which an arriving
operand had to wait; `skipped`, scalars that were zero, and copies of points that were wanted and
infinity; `batched`, additions made in batches, `products` those of the multiplier for them, and
`batches`.
"""


def pack(layout: data.StructLayout, **fields: int) -> int:
    """One word from its fields; raises ValueError for a field that does not fit."""
    word = 0
    for name, value in fields.items():
        member = layout[name]
        if value < 0 or value >> member.width:
            raise ValueError(f"{name} = {value} does not fit {member.width} bits")
        word |= value << member.offset
    return word


def unpack(layout: data.StructLayout, word: int) -> dict[str, int]:
    """The fields of one word."""
    return {name: word >> member.offset & ((1 << member.width) - 1)
            for name, member in ((name, layout[name]) for name, _ in layout)}


def split(value: int, words: int) -> list[int]:
    """`value` as so many words, the low one first; raises ValueError where it does not fit."""
    if value < 0 or value >> WORD * words:
        raise ValueError(f"{value} does not fit {words} words")
    return [value >> WORD * n & ((1 << WORD) - 1) for n in range(words)]


def multiply_head(group: Group, plan: WindowPlan, /, *, coordinate_words: int = NUMBER // WORD,
                  **fields: int) -> list[int]:
    """The words of MULTIPLY before the scalars, which are cut as `plan` says.

    `coordinate_words`: of a part of a coordinate, see `hdl.curve.Curve.words`.
    `fields`: what does not follow from group and plan (`address`, `count`, `words`, and `finish`
    where it is not 0), and what is otherwise than usual: all windows in one pass, and the plan's
    copies alone, one after another.
    """
    size = 2 * coordinate_words * group.degree
    values = {
        "command": Command.MULTIPLY, "group": list(Group).index(group), "window": plan.window,
        "windows": plan.windows, "second_region": plan.second_region, "all": plan.windows,
        "wide": plan.wide, "copies": plan.copies,
        "stride": 0 if plan.base else plan.stride or plan.bits,
        "last": plan.last, "batched": plan.batched, "point_words": size * plan.copies,
        "copy_words": size} | fields
    words = [pack(layout, **{name: values.pop(name, 0) for name, _ in layout})
             for layout in WORDS[Command.MULTIPLY][:-BIAS_WORDS]]
    if values:
        raise ValueError(f"MULTIPLY has no {', '.join(values)}")
    return [*words, *split(plan.base or plan.bias, BIAS_WORDS)]


def words_end(size: int, *, address: int, count: int, copies: int, point_words: int,
              copy_words: int) -> int:
    """The first word behind all that a MULTIPLY of such fields may read, of points of `size` words;
    `address` if `count` is 0.

    The gateware refuses what ends beyond its memory (`hdl.extent`).
    """
    if count == 0:
        return address
    return (address + size + (count - 1) * point_words
            + (copies - 1) * copy_words)


def name_word(name: str) -> int:
    """The first eight letters of `name` as a word."""
    return int.from_bytes(name.encode()[:8], "little")
