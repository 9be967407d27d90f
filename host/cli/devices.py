"""``proofmill devices`` and ``proofmill selftest``: what computes, how fast, if right."""

import argparse

from proofmill.host.cli.arguments import device, serial_port
from proofmill.host.cli.screen import Screen
from proofmill.host.cli.subcommands import Commands
from proofmill.host.ground.errors import ProofmillError

PROBE_SECONDS = 1.5
"""How long an unknown serial port is given to answer."""


def register(commands: Commands) -> None:
    """Add the commands."""
    devices = commands.add_parser(
        "devices", help="list the devices, what they are, how fast, and whether they compute right",
        description="Open every device there is, ask it what it is, run the known answers on it "
                    "and time it. Serial ports are asked at 3,000,000 baud; a port that is not "
                    "listed by the system (a pseudo-terminal) is named with --port.")
    devices.add_argument("--port", action="append", default=[], type=serial_port,
                         metavar="PORT[@BAUD]",
                         help="a further serial port to ask; may be given several times")
    devices.add_argument("--no-simulation", action="store_true",
                         help="leave out rtl and model, whose first build takes a minute")
    devices.set_defaults(run=run_devices)
    test = commands.add_parser(
        "selftest", help="run known answers on a device",
        description="Multiply and sum a few points on the device and compare with the group law "
                    "in plain integers. Status 0 when every answer is right, 1 when one is not, "
                    "2 when the device gives none that could be compared.")
    test.add_argument("device", metavar="DEVICE", type=device,
                      help="rtl, model, cpu or serial:PORT")
    test.set_defaults(run=run_selftest)


def serial_ports() -> list[tuple[str, str]]:
    """(port, what the system says it is) of every serial port."""
    from serial.tools import list_ports  # type: ignore[import-untyped,unused-ignore]

    return sorted((port.device, port.description or "serial port")
                  for port in list_ports.comports())


def identity_text(identity: dict[str, int]) -> str:
    """An accelerator's identity in a line."""
    curve = identity["curve"].to_bytes(8, "little").rstrip(b"\0").decode("ascii", "replace")
    return (f"{curve}, {identity['multipliers']} multiplier(s), an addition every "
            f"{identity['interval_g1']} cycles (G2 {identity['interval_g2']}), "
            f"2^{identity['mailbox_bits']} mailboxes"
            + (f", {identity['memory_words'] * 8 >> 10:,} KiB for points at "
               f"{identity['clock_hz'] / 1e6:g} MHz" if identity["memory_words"] else "")
            + f", gateware {identity['hash']:016x}")


def run_devices(options: argparse.Namespace) -> int:
    """Show every device."""
    from proofmill.host.prover.devices.device import DeviceError

    screen = Screen()
    names = ["cpu"] if options.no_simulation else ["cpu", "rtl", "model"]
    for name in names:
        try:
            show(screen, name)
        except ProofmillError as error:
            screen.line(f"{name}: {error}")
    known = {port for port, _ in serial_ports()}
    ports = serial_ports() + [(port, "named by --port") for port in options.port
                              if port not in known]
    for port, description in ports:
        with screen.bar(f"asking {port}"):
            try:
                probe(port)
            except DeviceError as error:
                screen.line(f"serial:{port}: {description}; {error}")
                continue
        try:
            show(screen, f"serial:{port}")
        except ProofmillError as error:
            screen.line(f"serial:{port}: {error}")
    if not ports:
        screen.line("no serial ports; `proofmill board simulate ulx3s-85f` makes one")
    return 0


def probe(port: str) -> None:
    """Ask whether a Proofmill board is at `port`; raises `DeviceError` where none is."""
    from proofmill.host.prover.devices.serial import open_serial

    open_serial(port, answer_seconds=PROBE_SECONDS).close()


def show(screen: Screen, name: str) -> bool | None:
    """Open a device, test it, show it; return whether it was right, None if it was not tested."""
    from proofmill.host.prover.devices.catalogue import open_device
    from proofmill.host.prover.devices.lanes import LanesDevice
    from proofmill.host.prover.devices.selftest import self_test
    from proofmill.host.prover.devices.serial import SerialLink, beside_the_line

    with screen.bar(f"{name}: opening") as bar:
        device = open_device(name, progress=bar.step)
    try:
        accelerators = device.accelerators if isinstance(device, LanesDevice) else []
        curve = accelerators[0].identity["curve"] if accelerators else None
        if accelerators:
            lanes = f"{len(accelerators)} of: " if len(accelerators) > 1 else ""
            screen.line(f"{name}: {lanes}{identity_text(accelerators[0].identity)}")
        else:
            screen.line(f"{name}: this machine's processor")
        link = accelerators[0].link if accelerators else None
        if isinstance(link, SerialLink):
            screen.line(f"    clock {link.clock_rate() / 1e6:.3f} MHz, by the board's own "
                        f"counter; {link.baud:,} baud")
        if curve is not None and curve != int.from_bytes(b"bn254", "little"):
            screen.line("    no self-test: the known answers are BN254's")
            return None
        with screen.bar(f"{name}: known answers") as bar:
            outcome = self_test(device, bar)
        rate = (f", {outcome.cycles:,} cycles, {outcome.cycles / outcome.seconds:,.0f} a second"
                if outcome.cycles else "")
        if outcome.wrong:
            screen.line(f"    WRONG: {'; '.join(outcome.wrong)}")
        else:
            screen.line(f"    {outcome.cases} known answers right in {outcome.seconds:.2f} s{rate}")
        if isinstance(link, SerialLink):
            carried = link.statistics
            took = beside_the_line(link, accelerators[0].identity["clock_hz"], outcome.cycles)
            screen.line(
                f"    computing {took['computing_seconds']:.3f} s; link "
                f"{took['line_seconds']:.3f} s at {link.baud:,} baud, "
                f"{carried.words_out + carried.words_in:,} words in {took['line_bytes']:,} bytes; "
                f"{carried.damaged} damaged, {carried.resent} sent again")
        return not outcome.wrong
    finally:
        device.close()


def run_selftest(options: argparse.Namespace) -> int:
    """Test one device."""
    right = show(Screen(), options.device)
    if right is None:
        raise ProofmillError(f"{options.device} was not tested: it computes on another curve than "
                             "the known answers")
    return 0 if right else 1
