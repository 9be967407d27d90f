"""``proofmill node``: a node as a service, by the wall clock, until it is told to end."""

from __future__ import annotations  # of the chain's parts, which take seconds to load

import argparse
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

from proofmill.host.cli import signals
from proofmill.host.cli.arguments import (
    device,
    input_file,
    output_file,
    output_folder,
    seed,
    whole,
)
from proofmill.host.cli.ledger_size import add_ledger_size, ledger_size
from proofmill.host.cli.light_devnet import circuit_and_key
from proofmill.host.cli.logs import for_nodes
from proofmill.host.cli.node_options import add_config
from proofmill.host.cli.screen import Screen, load_chain
from proofmill.host.cli.subcommands import Commands
from proofmill.host.ground.errors import ProofmillError

if TYPE_CHECKING:
    from proofmill.host.network.node.market_place import GoodsFiles
    from proofmill.host.network.operator.conditions import Condition
    from proofmill.host.network.operator.prepared import Prepared
    from proofmill.host.network.operator.reload import Reloaded
    from proofmill.host.network.operator.running import RunningNode

LEAST_VALIDATORS = 64
"""Of the specification's minimal preset."""


def register(commands: Commands) -> None:
    """Add the commands."""
    node = commands.add_parser(
        "node", help="run a node as a service, by the wall clock",
        description="A node of a chain as an operator runs it: set up by a file, with encrypted "
                    "keys, in real time, until a signal ends it; started again it goes on from "
                    "what it has kept.")
    ways = node.add_subparsers(metavar="WAY", required=True)
    init = ways.add_parser(
        "init", help="make a chain and its nodes' settings and keys",
        description="Make a new chain and a folder for each of its nodes: node.toml, in which "
                    "every key is explained, encrypted keys, the node's certificate and those of "
                    "its peers, and the description of the chain. A folder may be moved to another "
                    "machine; then set network.host there, and the peers' addresses.",
        epilog="example: proofmill node init mill --slot-milliseconds 6000 && "
               "proofmill node run --config mill/node-0/node.toml")
    init.add_argument("folder", metavar="FOLDER", type=output_folder,
                      help="the folder to make")
    init.add_argument("--name", default="proofmill", metavar="NAME",
                      help="of the chain (default: proofmill)")
    init.add_argument("--nodes", default=1, metavar="N", type=whole(1, 16),
                      help="how many nodes; they share the validators (default: 1)")
    init.add_argument("--provers", metavar="N", type=whole(0, 16),
                      help="how many of them prove, the first ones (default: all)")
    init.add_argument("--validators", default=LEAST_VALIDATORS, metavar="N",
                      type=whole(LEAST_VALIDATORS, 4096),
                      help=f"validators of the chain (default: {LEAST_VALIDATORS})")
    init.add_argument("--device", action="append", metavar="NAME", type=device,
                      help="what provers prove on, in turn: cpu, model, rtl, serial:PORT; the "
                           "processor stands in for each other one (default: cpu)")
    init.add_argument("--genesis-in", default=30, metavar="SECONDS", type=whole(0, 10**7),
                      help="when the first slot begins, from now on (default: 30)")
    init.add_argument("--slot-milliseconds", default=6000, metavar="N", type=whole(500, 600_000),
                      help="how long a slot lasts, 500 to 600,000; a slow machine needs longer "
                           "ones (default: 6000)")
    init.add_argument("--first-port", default=9000, metavar="PORT", type=whole(1024, 65_000),
                      help="for peers, of node 0; the others have the next ones (default: 9000)")
    add_ledger_size(init)
    init.add_argument("--sign-transfers", action="store_true",
                      help="let the nodes sign transfers of the ledger's development accounts, so "
                           "that blocks are not empty")
    init.add_argument("--market", action="store_true",
                      help="put the market's contracts into the chain's first block, have every "
                           "prover sell proofs and results of a model, and the last node buy them "
                           "(extra ai)")
    init.add_argument("--certificates", action="store_true",
                      help="let validators sign their votes with companion keys as well, and the "
                           "first prover make certificates of finality of them, which the chain's "
                           "contracts pay; seconds more of a processor the first time")
    init.add_argument("--era", default=32, metavar="BLOCKS", type=whole(1, 1_024),
                      help="blocks of an era of proven history, 1 to 1,024; with --certificates "
                           "(default: 32)")
    init.add_argument("--password-file", metavar="FILE", type=input_file(),
                      help="file whose first line encrypts the keys (default: a random password "
                           "for each node, in its password.txt)")
    init.add_argument("--seed", type=seed, default=0, metavar="N",
                      help="of the ledger's first accounts and the circuit's development key; "
                           "the nodes' keys are random (default: 0)")
    init.set_defaults(run=run_init)
    run = ways.add_parser(
        "run", help="run a node until SIGTERM or Ctrl-C",
        description="Run the node of a settings file in real time. SIGTERM and Ctrl-C end it after "
                    "the step it is in, with status 0, also in the background; started again it "
                    "goes on from its folder. SIGHUP has it read its settings again and take over "
                    "what can change while it runs. Environment variables such as "
                    "PROOFMILL_NETWORK_PORT take the place of values in the file.")
    add_config(run)
    run.set_defaults(run=run_run)
    unit = ways.add_parser(
        "unit", help="print a systemd unit for a node",
        description="Print a unit by which systemd runs the node: it hears when the node is ready "
                    "and that it goes on, and begins it anew when it fails or hangs. Put it into "
                    "/etc/systemd/system/, then systemctl enable --now.",
        epilog="example: proofmill node unit --config mill/node-0/node.toml > "
               "/etc/systemd/system/proofmill.service")
    add_config(unit)
    unit.set_defaults(run=run_unit)
    backup = ways.add_parser(
        "backup", help="copy what a node keeps",
        description="Copy the node's databases (chain, job log, signing history, transfers, "
                    "events), each whole at one moment, its settings and the chain's description. "
                    "The node may run. Keys are not copied.",
        epilog="example: proofmill node backup copy-of-monday --config mill/node-0/node.toml")
    backup.add_argument("folder", metavar="FOLDER", type=output_folder,
                        help="the folder to make")
    add_config(backup)
    backup.set_defaults(run=run_backup)
    let_in = ways.add_parser(
        "let-in", help="let a worker in again that was put aside",
        description="Take work again of a worker that was put aside for a wrong answer. The node "
                    "must not run meanwhile.",
        epilog="example: proofmill node let-in worker-1 --config mill/node-0/node.toml")
    let_in.add_argument("worker", metavar="NAME", help="the worker's name")
    add_config(let_in)
    let_in.set_defaults(run=run_let_in)
    alerts = ways.add_parser(
        "alerts", help="print alert rules for Prometheus",
        description="Print rules for Prometheus: an alert for a node that does not answer, and one "
                    "for each state in which something is to be done. The job of its "
                    "scrape_configs has to be called proofmill.",
        epilog="example: proofmill node alerts > proofmill.rules.yml")
    alerts.set_defaults(run=run_alerts)
    grafana = ways.add_parser(
        "grafana", help="print a dashboard for Grafana",
        description="Print a dashboard to import into Grafana, with a graph for every figure.",
        epilog="example: proofmill node grafana > proofmill.json")
    grafana.set_defaults(run=run_grafana)
    hiveos = ways.add_parser(
        "hiveos", help="write a package for HiveOS",
        description="Write an archive by which HiveOS runs the node as a custom miner and shows "
                    "what it does: put it where the rig can fetch it, and name its address in the "
                    "flight sheet. Proofmill and the node's folder have to be on the rig.",
        epilog="example: proofmill node hiveos proofmill.tar.gz --config mill/node-0/node.toml")
    hiveos.add_argument("archive", metavar="FILE", type=output_file,
                        help="the archive to write, .tar.gz")
    add_config(hiveos)
    hiveos.set_defaults(run=run_hiveos)


def run_init(options: argparse.Namespace) -> int:
    """Make the chain's files."""
    screen = Screen()
    load_chain(screen)
    from proofmill.host.cli.block_key import block_key, development_key_of
    from proofmill.host.network.certificates.rewards import certificate_sources
    from proofmill.host.network.contracts.block_verifiers import block_verifier_sources
    from proofmill.host.network.contracts.deployment import prepare
    from proofmill.host.network.contracts.ledger import ledger_sources
    from proofmill.host.network.operator.keystores import read_password
    from proofmill.host.network.operator.new import NewChain, make_chain
    from proofmill.host.prover.circuits.rollup.circuit import RollupCircuit

    password = (None if options.password_file is None else
                read_password(options.password_file, "--password-file"))
    size = ledger_size(options)
    provers = options.nodes if options.provers is None else min(options.provers, options.nodes)
    with screen.bar("preparing the block circuit and its key"):
        key = block_key(RollupCircuit(size), options.seed)
    with screen.bar("preparing the contracts") as bar:
        prepare(bar.step, ledger_sources(size) | block_verifier_sources(key.verification_key)
                | (certificate_sources() if options.certificates else {}))
    files = _goods(screen, options)
    certificates = None
    if options.certificates:
        circuit, proving_key = circuit_and_key(
            screen, options.validators, lambda circuit: development_key_of(
                circuit.digest, lambda: circuit.r1cs, options.seed))
        certificates = circuit.size, proving_key
    with screen.bar("making keys") as bar:
        made = make_chain(Path(options.folder), NewChain(
            options.name, options.nodes, provers, options.validators,
            float(int(time.time()) + options.genesis_in), options.slot_milliseconds,
            options.seed, size, options.device or ["cpu"], options.first_port,
            options.sign_transfers, password, files, certificates, options.era), key, bar)
    for path in made:
        screen.line(f"made: proofmill node run --config {path}")
    screen.line(f"the first slot begins {options.genesis_in} s from now on; run the nodes by then")
    return 0


def _goods(screen: Screen, options: argparse.Namespace) -> GoodsFiles | None:
    """What is traded on the chain's market, made in its folder, where one was asked for."""
    if not options.market:
        return None
    from proofmill.host.cli.market_devnet import make_goods
    from proofmill.host.ground.output import make_folder
    from proofmill.host.network.operator.new import MARKET, check_empty

    folder = Path(options.folder)
    if folder.exists():
        check_empty(folder)
    make_folder(folder / MARKET)
    return make_goods(screen, options.seed, folder / MARKET)


def run_run(options: argparse.Namespace) -> int:
    """Run the node; 0 when a signal has ended it."""
    from proofmill.host.network.operator.settings import read_settings

    config = Path(options.config)
    settings = read_settings(config, os.environ)
    screen = Screen()
    try:
        load_chain(screen)
        import asyncio

        from proofmill.host.cli.main import version
        from proofmill.host.network.operator.prepared import prepared
        from proofmill.host.network.operator.reload import reloaded
        from proofmill.host.network.operator.running import RunningNode
        from proofmill.host.network.operator.supervisor import Supervisor

        with screen.bar("reading keys") as bar:
            ready = prepared(settings, config.absolute().parent, version(), for_nodes(
                options, settings.node.log_megabytes * 1_000_000), bar)
        screen.line(f"{settings.node.name} starts on the chain {ready.chain.name!r}; its files are "
                    f"in {ready.setup.folder}")

        def on_condition(condition: Condition) -> None:
            screen.line(f"{condition.name}: {condition.reason}"
                        + (f"; {condition.way_out}" if condition.way_out != "nothing" else ""))

        def on_ready(node: RunningNode, port: int) -> None:
            screen.line(f"{settings.node.name} runs: slot {node.slot}, listens "
                        f"for peers on {settings.network.host}:{port}")
            def web(host: str) -> str:
                return f"{'https' if settings.encrypted(host) else 'http'}://{host}"

            if (metrics := node.ports.get("metrics")) is not None:
                screen.line(f"a page that shows it all on {web(settings.metrics.host)}:{metrics}"
                            "/, figures for Prometheus on /metrics")
            if (api := node.ports.get("api")) is not None:
                screen.line(f"the Beacon API and the proof engine on {web(settings.api.host)}:"
                            f"{api}/eth/ and /v1/, described on /openapi")
            if (miner := node.ports.get("miner")) is not None:
                over = " over TLS" if settings.encrypted(settings.miner.host) else ""
                screen.line(f"the same for miners' monitors (cgminer's API{over}) on "
                            f"{settings.miner.host}:{miner}")

        def reread(before: Prepared) -> Reloaded:
            return reloaded(before, read_settings(config, os.environ), config.absolute().parent)

        asyncio.run(RunningNode(ready, on_ready, on_condition=on_condition,
                                supervisor=Supervisor(os.environ), reread=reread,
                                on_reload=screen.line).run())
    except KeyboardInterrupt:
        pass  # while it was starting
    screen.line(f"{settings.node.name} has ended{signals.reason()}; started again it goes on from "
                "here")
    return 0


def run_unit(options: argparse.Namespace) -> int:
    """Print the unit; its folders are made if they are not there."""
    import getpass

    from proofmill.host.ground.cache import cache_folder
    from proofmill.host.network.operator.settings import read_settings
    from proofmill.host.network.operator.supervisor import unit

    settings = read_settings(options.config, os.environ)
    config = Path(options.config).absolute()
    folder = config.parent / settings.node.folder
    folder.mkdir(parents=True, exist_ok=True)
    print(unit(config, settings.node.name, getpass.getuser(), folder, cache_folder()), end="")
    return 0


def run_let_in(options: argparse.Namespace) -> int:
    """Let it in."""
    from proofmill.host.ground.nearest import did_you_mean
    from proofmill.host.ground.owner import Owner
    from proofmill.host.network.operator.settings import read_settings
    from proofmill.host.network.workers.book import BOOK, Book

    settings = read_settings(options.config, os.environ)
    folder = Path(options.config).absolute().parent / settings.node.folder
    if not (folder / BOOK).exists():
        raise ProofmillError(f"{folder / BOOK}: is not there: this node has not had workers yet")
    with Owner(folder, "the node"), Book(folder / BOOK) as book:
        aside = book.aside()
        if not book.let_in(options.worker):
            raise ProofmillError(
                f"{options.worker!r} is not put aside{did_you_mean(options.worker, list(aside))}; "
                f"put aside: {', '.join(aside) or 'nobody'}")
    print(f"{options.worker} is let in when the node starts; it was put aside because it "
          f"{aside[options.worker]}")
    return 0


def run_alerts(options: argparse.Namespace) -> int:
    """Print them."""
    from proofmill.host.network.operator.monitoring import alert_rules

    print(alert_rules(), end="")
    return 0


def run_grafana(options: argparse.Namespace) -> int:
    """Print it."""
    from proofmill.host.network.operator.monitoring import dashboard

    print(dashboard(), end="")
    return 0


def run_hiveos(options: argparse.Namespace) -> int:
    """Write it."""
    from proofmill.host.cli.main import version
    from proofmill.host.ground.output import write_atomically
    from proofmill.host.network.operator.hive import package
    from proofmill.host.network.operator.settings import read_settings

    settings = read_settings(options.config, os.environ)
    miner, metrics = settings.miner, settings.metrics
    if not (miner.enabled and miner.port):
        raise ProofmillError(
            f"{options.config}: HiveOS asks the miner API, and miner.enabled is "
            f"{str(miner.enabled).lower()}, miner.port {miner.port}; set true and a fixed port")
    if settings.encrypted(miner.host):
        raise ProofmillError(
            f"{options.config}: HiveOS asks the miner API in plain text, and it speaks TLS on "
            f"miner.host {miner.host}; set 127.0.0.1")
    content = package(version(), Path(options.config).absolute(), miner.port,
                      metrics.port if metrics.enabled else 0)
    write_atomically(options.archive, [content])
    print(f"{options.archive}: {len(content):,} bytes; it runs the node of {options.config}")
    return 0


def run_backup(options: argparse.Namespace) -> int:
    """Copy."""
    from proofmill.host.network.operator.backup import back_up
    from proofmill.host.network.operator.settings import read_settings

    settings = read_settings(options.config, os.environ)
    screen = Screen()
    with screen.bar("copying") as bar:
        made = back_up(settings, Path(options.config), Path(options.folder), bar)
    size = sum(path.stat().st_size for path in made)
    screen.line(f"{options.folder}: {len(made)} files, {size / 1e6:,.1f} MB")
    return 0
