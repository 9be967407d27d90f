"""``proofmill devices`` and ``proofmill selftest``: what computes, how fast, if right."""

import argparse
from typing import TYPE_CHECKING

from proofmill.host.cli.arguments import device, serial_port
from proofmill.host.cli.measure_options import ANY_CURVE
from proofmill.host.cli.screen import Screen
from proofmill.host.cli.subcommands import Commands
from proofmill.host.ground.errors import ProofmillError

if TYPE_CHECKING:  # no help waits for NumPy
    from proofmill.host.prover.devices.accelerator import Accelerator
    from proofmill.host.prover.devices.catalogue import BuildProgress
    from proofmill.host.prover.devices.device import Device

PROBE_SECONDS = 1.5
"""How long an unknown serial port is given to answer."""


def register(commands: Commands) -> None:
    """Add the commands."""
    devices = commands.add_parser(
        "devices", help="list the devices, what they are, how fast, and whether they compute right",
        description="Open every device there is, ask it what it is, run the known answers on it "
                    "and time it. Serial ports are listed, and nothing is written to one that is "
                    "not named with --port: what is there may be no board.")
    devices.add_argument("--port", action="append", default=[], type=serial_port,
                         metavar="PORT[@BAUD]",
                         help="a serial port at which there is a board, to be asked (at 3,000,000 "
                              "baud unless another rate is said); may be given several times")
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
    test.add_argument("--curve", choices=ANY_CURVE, metavar="|".join(ANY_CURVE),
                      default=ANY_CURVE[0],
                      help="whose points simulated gateware adds, rtl or rtl+b; a board says "
                           "itself (default: %(default)s)")
    test.set_defaults(run=run_selftest)


def serial_ports() -> list[tuple[str, str]]:
    """(port, what the system says it is) of every serial port."""
    from serial.tools import list_ports  # type: ignore[import-untyped,unused-ignore]

    return sorted((port.device, port.description or "serial port")
                  for port in list_ports.comports())


def identity_text(identity: dict[str, int]) -> str:
    """An accelerator's identity in a line."""
    from proofmill.host.prover.devices.accelerator import curve_of

    g1, g2 = identity["interval_g1"], identity["interval_g2"]
    groups = (f"{g1} cycles (G2 {g2})" if g1 and g2 else
              f"{g1 or g2} cycles, no {'G2' if g1 else 'G1'}")
    return (f"{curve_of(identity)}, {identity['multipliers']} multiplier(s), an addition every "
            f"{groups}, "
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
    for port in options.port:
        with screen.bar(f"asking {port}"):
            try:
                probe(port)
            except DeviceError as error:
                screen.line(f"serial:{port}: {error}")
                continue
        try:
            show(screen, f"serial:{port}")
        except ProofmillError as error:
            screen.line(f"serial:{port}: {error}")
    asked = {port.partition("@")[0] for port in options.port}
    listed = serial_ports()
    for port, description in listed:
        if port not in asked:
            screen.line(f"serial:{port}: {description}; not asked: with a board there, "
                        f"`proofmill devices --port {port}` asks it")
    if not asked and not listed:
        screen.line("no serial ports; `proofmill board simulate ulx3s-85f` makes one")
    return 0


def probe(port: str) -> None:
    """Ask whether a Proofmill board is at `port`; raises `DeviceError` where none is."""
    from proofmill.host.prover.devices.serial import open_serial

    open_serial(port, answer_seconds=PROBE_SECONDS).close()


def opened(name: str, progress: "BuildProgress | None" = None) -> "Device | Accelerator":
    """The device called `name`; of a board on another curve, or of one without a group, what there
    is of it."""
    from proofmill.hdl.curve import BN254
    from proofmill.host.prover.devices.accelerator import curve_of
    from proofmill.host.prover.devices.catalogue import open_board, open_device
    from proofmill.host.prover.devices.lanes import LanesDevice

    if not name.startswith("serial:"):
        return open_device(name, progress=progress)
    accelerator = open_board(name)
    if curve_of(accelerator.identity) != BN254.name:
        return accelerator
    return LanesDevice(name, [accelerator], groups=accelerator.groups)


def elsewhere(name: str, curve: str, progress: "BuildProgress | None" = None) -> "Accelerator":
    """Simulated gateware on another curve than BN254."""
    from proofmill.hdl.curve import CURVES as TABLE
    from proofmill.hdl.presets import TOY_SHAPE, of_curve
    from proofmill.host.prover.devices.catalogue import open_device
    from proofmill.host.prover.devices.lanes import LanesDevice
    from proofmill.host.prover.devices.plain import arithmetic_on

    if name not in ("rtl", "rtl+b"):
        raise ProofmillError(f"--curve {curve}: is of simulated gateware, not of {name}; choose "
                             "rtl or rtl+b, or leave --curve out")
    found = open_device(name, lanes=1, progress=progress, arithmetic=arithmetic_on(TABLE[curve]),
                        shape=TOY_SHAPE if curve == ANY_CURVE[-1] else of_curve(TABLE[curve]))
    assert isinstance(found, LanesDevice)
    return found.accelerators[0]


def show(screen: Screen, name: str, curve: str = ANY_CURVE[0]) -> bool:
    """Open a device, test it, show it; return whether it was right.

    Raises `ProofmillError` where it cannot be opened, or gives no answer that can be compared.
    """
    from proofmill.hdl.curve import Group
    from proofmill.host.prover.devices.accelerator import Accelerator
    from proofmill.host.prover.devices.lanes import LanesDevice
    from proofmill.host.prover.devices.parts import in_words
    from proofmill.host.prover.devices.selftest import self_test, self_test_elsewhere
    from proofmill.host.prover.devices.serial import SerialLink, beside_the_line

    with screen.bar(f"{name}: opening") as bar:
        device = (opened(name, bar.step) if curve == ANY_CURVE[0]
                  else elsewhere(name, curve, bar.step))
    try:
        accelerators = (device.accelerators if isinstance(device, LanesDevice)
                        else [device] if isinstance(device, Accelerator) else [])
        if accelerators:
            lanes = f"{len(accelerators)} of: " if len(accelerators) > 1 else ""
            first = accelerators[0]
            screen.line(f"{name}: {lanes}{identity_text(first.identity)}")
            if isinstance(device, LanesDevice) and len(first.groups) == len(Group):
                checks = first.evaluation is not None and first.checked_rows > 0
                screen.line(f"    {in_words(first.identity, first.evaluation, checks)}")
        else:
            screen.line(f"{name}: this machine's processor")
        link = accelerators[0].link if accelerators else None
        if isinstance(link, SerialLink):
            screen.line(f"    clock {link.clock_rate() / 1e6:.3f} MHz, by the board's own "
                        f"counter; {link.baud:,} baud")
        with screen.bar(f"{name}: known answers") as bar:
            if isinstance(device, Accelerator):
                outcome = self_test_elsewhere(device, bar)
            else:
                outcome = self_test(
                    device, accelerators[0].groups if accelerators else list(Group), bar)
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
    return 0 if show(Screen(), options.device, options.curve) else 1
