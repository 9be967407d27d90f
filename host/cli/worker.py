"""``proofmill worker``: proves for a node on another machine, until it is told to end."""

import argparse
from functools import partial

from proofmill.host.cli import signals
from proofmill.host.cli.arguments import device, input_file, whole
from proofmill.host.cli.screen import Screen
from proofmill.host.cli.subcommands import Commands

DEFAULT_MEGABYTES = 4096


def register(commands: Commands) -> None:
    """Add the command."""
    worker = commands.add_parser(
        "worker", help="prove for a node on another machine",
        description="Take work from a node's queue, prove or compute pieces of proofs on this "
                    "machine's devices, and answer, until a signal ends it: SIGTERM and Ctrl-C "
                    "after the work in hand. What the work needs of the node's key is fetched "
                    "once, and checked. The node makes an access file for each of its workers, "
                    "NAME.json in the folder workers of its own; it holds the password, and is all "
                    "that this machine needs (docs/workers.md).",
        epilog="example: proofmill worker nats://10.0.0.5:4222 --access worker-1.json")
    worker.add_argument("url", nargs="?", metavar="nats://HOST:PORT",
                        help="where the node's server listens (default: what the file says)")
    worker.add_argument("--access", required=True, metavar="FILE", type=input_file(),
                        help="the worker's access file, from the node's folder")
    worker.add_argument("--device", action="append", metavar="NAME", type=device,
                        help="what to compute on: cpu, model, rtl, serial:PORT; given several "
                             "times, each takes work by itself (default: cpu)")
    worker.add_argument("--threads", metavar="N", type=whole(1, 1024),
                        help="threads of the device cpu (default: one for each core)")
    worker.add_argument("--cache-megabytes", metavar="N", type=whole(16, 10**6),
                        default=DEFAULT_MEGABYTES,
                        help="of what is fetched, kept in the cache folder (default: "
                             "%(default)s)")
    worker.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Work; 0 when a signal has ended it."""
    from proofmill.host.network.workers.access import read_access

    access = read_access(options.access, options.url)
    import asyncio
    import signal

    from proofmill.host.cli.main import version
    from proofmill.host.ground.cache import cache_folder
    from proofmill.host.network.workers.blobs import Kept
    from proofmill.host.network.workers.work import Bench
    from proofmill.host.network.workers.worker import Worker
    from proofmill.host.prover.devices.apart import ApartDevice
    from proofmill.host.prover.devices.cpu import CpuDevice
    from proofmill.host.prover.devices.device import Device

    screen = Screen()

    def opener(name: str) -> Device:
        if name != "cpu":
            return ApartDevice(name)
        processor = CpuDevice(options.threads)
        processor.prepare()
        return processor

    benches = [Bench(partial(opener, name)) for name in options.device or ["cpu"]]
    worker = Worker(access, benches, Kept(
        cache_folder("workers"), options.cache_megabytes * 1_000_000), version(), screen.line)

    async def work() -> None:
        loop = asyncio.get_running_loop()
        before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            # From here on a signal waits for the end of the task.
            for number in before:
                loop.add_signal_handler(number, worker.end)
            await worker.run()
        finally:
            for number, handler in before.items():
                loop.remove_signal_handler(number)
                signal.signal(number, handler)

    try:
        asyncio.run(work())
    except KeyboardInterrupt:
        pass  # while it was starting
    finally:
        for bench in benches:
            bench.close()
    tally = worker.tally
    screen.line(f"{access.user} has ended{signals.reason()}: {tally.done} tasks done, "
                f"{tally.failed} failed, {tally.busy_seconds:.1f} s of computing")
    return 0
