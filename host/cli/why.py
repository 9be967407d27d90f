"""``proofmill why``: recompute a slot's draw, and say why a prover was chosen, paid or slashed."""

import argparse
from typing import Any

from proofmill.host.cli.arguments import input_file, seed, whole
from proofmill.host.cli.records import print_record
from proofmill.host.cli.screen import Screen, load_chain
from proofmill.host.cli.subcommands import Commands
from proofmill.host.ground.errors import ProofmillError
from proofmill.host.ground.units import to_gwei

MOST_SLOTS = 2_000
PATIENCE_SLOTS = 64
"""How long to run on after the slot until its rewards are final."""


def register(commands: Commands) -> None:
    """Add the command."""
    why = commands.add_parser(
        "why", help="why a prover was or was not chosen, paid or slashed for a slot",
        description="Run the embedded chain to a slot, take from it what everybody can see (RANDAO "
                    "mixes, proposers, finality), replay the lottery over the registered bonds, "
                    "and say in sentences who was drawn and what came of it.",
        epilog="With --run: what really happened. Without, the chain is run here, and nobody "
               "misses: the four provers of proofmill devnet, 10 ETH each, or those of --provers. "
               "A registry file has [[provers]] tables with identity, bond_gwei and, if "
               "you like, delegated_gwei, reliability_bps and misses, a list of slots.")
    what = why.add_mutually_exclusive_group(required=True)
    what.add_argument("--slot", type=whole(1, MOST_SLOTS), metavar="N",
                      help=f"1 to {MOST_SLOTS:,}")
    what.add_argument("--epoch", type=whole(0), metavar="E",
                      help="what a light node's certificate of this epoch says, with --light; who "
                           "was paid for it on a chain, with --run")
    why.add_argument("--light", metavar="FOLDER", help="of the light node, for --epoch")
    why.add_argument("--prover", type=whole(), metavar="I", help="only this one (default: all)")
    why.add_argument("--provers", metavar="FILE.toml", type=input_file(),
                     help="registry of provers")
    why.add_argument("--run", metavar="FILE.json", dest="recorded",
                     type=input_file("name the file that 'proofmill devnet --record' has written"),
                     help="explain a devnet's real run, recorded with 'proofmill devnet --record'")
    why.add_argument("--seed", type=seed, default=0, metavar="S",
                     help="of the chain, as devnet takes it (default: 0)")
    why.add_argument("--json", action="store_true", help="one JSON object on stdout")
    why.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Replay and explain."""
    if options.epoch is not None:
        return _explain_certificate(options)
    if options.light is not None:
        raise ProofmillError("--light: is for --epoch; a light node knows nothing of slots")
    if options.recorded is not None and options.provers is not None:
        raise ProofmillError("--run and --provers: a run has its provers already; give one")
    screen = Screen(machine=options.json)
    load_chain(screen)
    from proofmill.host.network.consensus.chain import MINIMUM_VALIDATORS
    from proofmill.host.network.economics.explain import explain
    from proofmill.host.network.economics.recorded import load_run
    from proofmill.host.network.economics.registry import devnet_registry, load_registry
    from proofmill.host.network.mechanism.parameters import Parameters
    from proofmill.host.network.node.opening import minimum_bond_wei

    replay: Any
    if options.recorded is not None:
        with screen.bar(f"reading {options.recorded}"):
            replay = load_run(options.recorded)
        if options.slot not in replay.records:
            raise ProofmillError(
                f"--slot {options.slot}: the run has no block in this slot; its last is "
                f"{max(replay.records, default=0)}")
        _known(options.prover, list(replay.ledger.provers))
    else:
        minimum = to_gwei(minimum_bond_wei(MINIMUM_VALIDATORS, Parameters()))
        registry = (devnet_registry() if options.provers is None else
                    load_registry(options.provers, minimum))
        _known(options.prover, [prover.identity for prover in registry])
        replay = _replay(screen, options.slot, options.seed, registry, minimum)
    with screen.bar("explaining"):
        found = explain(replay, options.slot)
    stories = [s for s in found.stories if options.prover in (None, s.prover)]
    if options.json:
        print_record("why", {**found.as_data(), "seed_of_chain": options.seed,
                             "provers": [vars(story) for story in stories]})
        return 0
    for sentence in found.sentences:
        screen.line(sentence)
    for story in stories:
        screen.line()
        for sentence in story.sentences:
            screen.line(sentence)
    return 0


def _explain_certificate(options: argparse.Namespace) -> int:
    if (options.light is None) == (options.recorded is None):
        raise ProofmillError("--epoch: needs either --light FOLDER, whose certificate is to be "
                             "explained, or --run FILE.json, of the chain that has paid it")
    for name, given in (("--prover", options.prover), ("--provers", options.provers),
                        ("--json", options.json or None)):
        if given is not None:
            raise ProofmillError(f"{name}: is for --slot, not for --epoch")
    screen = Screen()
    load_chain(screen)
    if options.recorded is not None:
        from proofmill.host.network.economics.recorded import load_run

        sentences = load_run(options.recorded).explain_certificate(options.epoch)
    else:
        from proofmill.host.network.certificates.light import open_any

        sentences = open_any(options.light).explain(options.epoch)
    for sentence in sentences:
        screen.line(sentence)
    return 0


def _known(prover: int | None, registered: list[int]) -> None:
    if prover is not None and prover not in registered:
        raise ProofmillError(f"--prover {prover}: is not registered; registered are "
                             f"{', '.join(map(str, sorted(registered)))}")


def _replay(screen: Screen, slot: int, seed: int, registry: Any, minimum: int) -> Any:
    from proofmill.host.network.consensus.blocks import base_reward_gwei
    from proofmill.host.network.consensus.chain import EmbeddedChain
    from proofmill.host.network.consensus.spec import spec
    from proofmill.host.network.economics.replay import PublicBlock, Replay
    from proofmill.host.network.mechanism.parameters import Parameters

    def nobody_proves(public: list[int], proof: bytes) -> bool:
        return False

    chain = EmbeddedChain(nobody_proves, seed=seed)
    genesis = bytes(spec.get_randao_mix(chain.head_state, spec.Epoch(0)))
    replay = Replay(Parameters(slots_per_epoch=chain.slots_per_epoch), registry, genesis, minimum)
    with screen.bar(f"running the chain to slot {slot} and to its finality") as bar:
        while not replay.decided(slot) and chain.slot < slot + PATIENCE_SLOTS:
            report = chain.advance()
            state = chain.head_state
            mix = spec.get_randao_mix(state, spec.get_current_epoch(state))
            replay.add(PublicBlock(chain.slot, report.request_root, report.proposer, bytes(mix),
                                   base_reward_gwei(state), chain.finalized_slot))
            bar(chain.slot, slot + PATIENCE_SLOTS // 2)
    if not replay.decided(slot):
        raise ProofmillError(
            f"--slot {slot}: the chain did not finalise it within {PATIENCE_SLOTS} slots")
    return replay
