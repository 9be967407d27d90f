"""The light nodes of ``proofmill devnet``: their circuit and key, and what is said of them."""

from __future__ import annotations  # of the chain's parts, which take seconds to load

import argparse
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from proofmill.host.cli.arguments import whole
from proofmill.host.cli.screen import Screen
from proofmill.host.ground.errors import ProofmillError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from proofmill.host.network.economics.disturbances import Check
    from proofmill.host.network.node.companion_bonds import SlashedKey
    from proofmill.host.network.node.devnet import Devnet, LightPlan, NodePlan
    from proofmill.host.network.node.era_maker import EraSetup, MadeEra
    from proofmill.host.network.node.light_outcome import Asked, LightRow
    from proofmill.host.network.node.node import NodeReport
    from proofmill.host.prover.circuits.finality.circuit import FinalityCircuit
    from proofmill.host.prover.groth16.proving_key import ProvingKey
    from proofmill.host.prover.groth16.verification_key import VerificationKey

ZKEY = "certificate.zkey"
"""The key of certificates, in the run's folder."""
MOST_ERA = 1_024
MOST_LIGHT = 16
MOST_ACCOUNTS, MOST_PAYLOADS = 16, 64
"""That light nodes are asked for at the end."""
COLUMNS = "{:<8} {:>6} {:>6} {:>5} {:>6} {:>16} {:>13} {:>13} {:>7}"


def add_light(devnet: argparse.ArgumentParser) -> None:
    """Add the options of light nodes."""
    devnet.add_argument("--light", default=0, metavar="N",
                        type=whole(0, MOST_LIGHT, f"give 0 to {MOST_LIGHT}; each is a process"),
                        help="light nodes beside the others, which follow finality by certificates "
                             "alone, and the ledger by eras of proven blocks; the first prover's "
                             "node makes these, on the cpu (default: 0)")
    devnet.add_argument("--era", default=8, metavar="BLOCKS",
                        type=whole(1, MOST_ERA, f"give 1 to {MOST_ERA:,} blocks"),
                        help="blocks of an era; with --light (default: 8, so that a run of 40 "
                             "slots has one)")


def prepare_light(screen: Screen, options: argparse.Namespace, folder: Path,
                  block_key: VerificationKey) -> LightPlan | None:
    """The light nodes that were asked for, with a development key for certificates and powers of
    tau for eras in `folder`."""
    if not options.light:
        return None
    from proofmill.host.network.node.devnet import LightPlan
    from proofmill.host.prover.groth16.setup import development_setup

    seed = options.seed.to_bytes(32, "little", signed=True)
    circuit, key = circuit_and_key(
        screen, options.validators,
        lambda circuit: development_setup(circuit.r1cs, folder / ZKEY, seed))
    with screen.bar(f"making powers of tau for eras of {options.era:,} blocks"):
        eras = era_setup(options.era, block_key, folder, seed)
    return LightPlan(options.light, circuit.size, key.verification_key, folder / ZKEY, eras)


def era_setup(blocks: int, block_key: VerificationKey, folder: Path, seed: bytes) -> EraSetup:
    """What eras of so many blocks are made and verified with: development powers in `folder`, that
    follow from `seed` and prove nothing to anybody."""
    from proofmill.host.network.node.era_maker import POWERS, EraSetup, make_powers

    first, second = (folder / name for name in POWERS)
    return EraSetup(blocks, block_key, make_powers(folder, blocks, seed), (first, second))


def circuit_and_key(screen: Screen, validators: int, make: Callable[[FinalityCircuit], ProvingKey]
                    ) -> tuple[FinalityCircuit, ProvingKey]:
    """The circuit of certificates of a chain with so many validators, and the key that `make` gives
    for it."""
    from proofmill.host.network.node.certifier import places_for
    from proofmill.host.prover.circuits.finality.circuit import FinalityCircuit

    size = places_for(validators)
    with screen.bar(f"preparing the circuit of certificates, for {size.places} votes"):
        circuit = FinalityCircuit(size)
    with screen.bar(f"making its key, {circuit.constraints:,} constraints"):
        return circuit, make(circuit)


def signing_twice(plans: Sequence[NodePlan], options: argparse.Namespace) -> list[NodePlan]:
    """The plans, with the node whose companion key is to sign twice. Raises `ProofmillError`."""
    text = options.sign_twice
    if text is None:
        return list(plans)
    if not options.light:
        raise ProofmillError(f"--sign-twice {text}: is for companion keys, which only a chain with "
                             "light nodes has; give --light as well")
    able = {str(number): plan.name for number, plan in enumerate(plans) if plan.validators}
    if text not in able:
        raise ProofmillError(f"--sign-twice {text}: give the number of a node with validators: "
                             f"{', '.join(able)}")
    return [replace(plan, sign_twice=plan.name == able[text]) for plan in plans]


def bond_checks(plans: Sequence[NodePlan], slashed: Sequence[SlashedKey]) -> list[Check]:
    """What has to hold of companion keys' bonds: whoever signs twice loses its own, nobody else."""
    from proofmill.host.network.economics.disturbances import Check

    lost, found = {each.validator for each in slashed}, []
    for plan in plans:
        if plan.sign_twice:
            key = f"the companion key of validator {plan.validators[0]}, which signed twice,"
            kept = plan.validators[0] not in lost
            found.append(Check(f"{key} {'still has' if kept else 'has lost'} its bond", kept))
        elif wrong := lost & set(plan.validators):
            found.append(Check(
                f"{plan.name} has lost the bond of validator "
                f"{', '.join(map(str, sorted(wrong)))}'s companion key, and signed nothing twice",
                True))
    return found


def beside(reports: Iterable[NodeReport]) -> NodeReport:
    """The report of another full node than of who has made eras, if there is another: of those
    that know the longest final chain."""
    return max(reports, key=lambda each: (not each.eras, len(each.ledger_roots)))


def ask_light(net: Devnet, report: NodeReport, places: int) -> Asked:
    """Have light nodes ask their peers what users would: for every account that a full node has
    after its latest era, for one that it does not have, and which payloads are proven. `report`: of
    a full node; `places`: for accounts."""
    from proofmill.host.network.node.light_outcome import Asked

    numbers = sorted({number for accounts in report.ledgers.values() for number in accounts})
    free = [number for number in range(len(numbers) + 1) if number not in numbers][:1]
    payloads = tuple(facts.payload_hash for facts in report.branch[:MOST_PAYLOADS])
    asked = Asked((*numbers[:MOST_ACCOUNTS - 1], *(each for each in free if each < places)),
                  payloads, report.ledgers)
    if report.ledgers:
        net.ask_light(asked.accounts, asked.payloads)
    return asked


def made_eras(reports: Iterable[NodeReport]) -> list[MadeEra]:
    """Eras that full nodes have made."""
    return [era for report in reports for era in report.eras]


def show_light(screen: Screen, rows: Sequence[LightRow], made: Sequence[MadeEra] = ()) -> None:
    """A table of the light nodes, if there are any, and the eras that were made."""
    if not rows:
        return
    screen.line()
    screen.line("Light nodes hold certificates alone, and are compared with the specification's "
                "final checkpoint at the end of every epoch. Bytes are of their files; an era, "
                "which takes the place of the one before, is apart.")
    screen.line(COLUMNS.format(
        "node", "epochs", "final", "false", "behind", "most an epoch", "in all", "of them a key",
        "refused"), style="bold")
    for row in rows:
        screen.line(COLUMNS.format(
            row.name, row.epochs, row.finalized_epoch, len(row.false), len(row.behind),
            f"{row.most_bytes:,} bytes", f"{row.bytes_on_disk:,}", f"{row.key_bytes:,}",
            len(row.refused)))
        for peer, reason in row.refused:
            screen.line(f"  {peer}: {reason}", style="yellow")
    if made:
        screen.line(f"eras        {len(made)} made of {made[0].blocks:,} blocks each, "
                    f"{max(each.bytes for each in made):,} bytes, in "
                    f"{sum(each.seconds for each in made):.1f} s")
    for row in rows:
        if row.eras:
            screen.line(f"            {row.name} has taken {row.eras}, verified in "
                        f"{row.era_seconds:.2f} s, and keeps the last one, {row.era_bytes:,} bytes")


def light_checks(rows: Sequence[LightRow], disturbed: bool) -> list[Check]:
    """What has to hold of light nodes: nothing false, ever; nothing late, where nothing was done to
    anybody; and their files."""
    from proofmill.host.network.economics.disturbances import Check

    found = []
    for row in rows:
        if row.eras and not row.broken:
            found.append(Check(
                f"{row.name} knows that the ledger's root after {row.proven_blocks:,} blocks came "
                "of proven blocks from genesis on, and it is that of a full node"))
            found.append(Check(
                f"{row.name} was shown {row.accounts} of {row.accounts_asked} accounts and that "
                f"{row.payloads} of {row.payloads_asked} payloads are proven, by peers that it "
                "does not trust, as a full node has them",
                not disturbed and (row.accounts, row.payloads) != (
                    row.accounts_asked, row.payloads_asked)))
        if row.broken:
            found.append(Check(row.broken, True))
        elif row.behind:
            found.append(Check(
                f"{row.name} did not have the newest final checkpoint yet at the end of epochs "
                f"{', '.join(map(str, row.behind))}", not disturbed))
        else:
            found.append(Check(
                f"{row.name} had the specification's final checkpoint in all of {row.epochs} "
                f"epochs, with {row.most_bytes:,} bytes an epoch at most"))
    return found
