"""``proofmill field``: the field processor's programs, called by themselves, and its assembler."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from proofmill.host.cli.arguments import input_file, machine_reads, output_file
from proofmill.host.cli.field_pairing import add_pairing
from proofmill.host.cli.records import print_record
from proofmill.host.cli.screen import Screen
from proofmill.host.cli.subcommands import Commands
from proofmill.host.ground.errors import ProofmillError

if TYPE_CHECKING:
    from proofmill.firmware.target import Target

CALCULATIONS = {
    "invert": ("the inverse of VALUE", ("VALUE",)),
    "power": ("BASE to the power of EXPONENT", ("BASE", "EXPONENT")),
    "multiply": ("the product of two values", ("VALUE", "VALUE")),
}

MODULI = ("bn254-base", "bn254-scalar", "toy")
DEVICES = ("rtl", "interpreter")


def register(commands: Commands) -> None:
    """Add the command."""
    field = commands.add_parser(
        "field", help="run microprograms on the field processor",
        description="Run the microprograms of the accelerator's field processor by themselves, "
                    "assemble them and take them apart; pairings on the wide processor.",
        epilog="Example: proofmill field invert 7 --modulus bn254-base --device interpreter")
    actions = field.add_subparsers(metavar="ACTION", required=True)
    for name, (text, operands) in CALCULATIONS.items():
        action = actions.add_parser(
            name, help=text, description=f"Compute {text} by the microprogram {name}.asm, and "
                                         "print it with the cycles it took.")
        for n, operand in enumerate(operands):
            action.add_argument(f"value{n}", metavar=operand, type=_number)
        _add_modulus(action)
        _add_inverter(action)
        action.add_argument("--device", choices=DEVICES, default="rtl",
                            help="the gateware in simulation, or the interpreter, which gives "
                                 "the same cycles at once (default: %(default)s)")
        action.add_argument("--json", action="store_true", help="one JSON object")
        action.set_defaults(run=run_calculation, program=name)
    add_pairing(actions)
    isa = actions.add_parser(
        "isa", help="print the instruction table as Markdown",
        description="Print the field processor's instructions, as in docs/firmware.md.")
    isa.set_defaults(run=run_isa)
    assemble = actions.add_parser(
        "assemble", help="assemble a program",
        description="Assemble a microprogram, as docs/firmware.md describes them.")
    assemble.add_argument(
        "file", metavar="PROGRAM.asm",
        type=input_file("give a program's source, like firmware/programs/invert.asm"))
    _add_modulus(assemble)
    _add_inverter(assemble)
    assemble.add_argument("--out", metavar="FILE", type=output_file,
                          help="write it there (default: print it)")
    assemble.set_defaults(run=run_assemble)
    disassemble = actions.add_parser(
        "disassemble", help="print an assembled program, or one of the library's, as text",
        description="Print an assembled program, or one of the library's, as text that assembles "
                    "to the same.")
    disassemble.add_argument("file", metavar="FILE|NAME",
                             help="an assembled program, or the name of one of the library's")
    _add_modulus(disassemble)
    _add_inverter(disassemble)
    disassemble.set_defaults(run=run_disassemble)


def _add_modulus(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--modulus", choices=MODULI, default="bn254-base",
                        help="the field (default: %(default)s)")


def _add_inverter(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--inverter", action="store_true",
                        help="for a processor with an inverter beside its multiplier, as where "
                             "sums are made in batches")


def _number(text: str) -> int:
    try:
        return int(text, 0)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no number; write it like 42 or 0x2a") from None


def _target(options: argparse.Namespace) -> "Target":
    from proofmill.firmware.library import TARGETS, with_inverter

    target = TARGETS[options.modulus]
    return with_inverter(target) if options.inverter else target


def run_calculation(options: argparse.Namespace) -> int:
    """Run a program on values."""
    from proofmill.firmware.library import program
    from proofmill.sim.processor import run
    from proofmill.sim.processor_gateware import run_gateware

    target = _target(options)
    modulus = target.shape.field.modulus
    words = [getattr(options, f"value{n}") for n in range(len(CALCULATIONS[options.program][1]))]
    checked = words if options.program != "power" else words[:1]
    for value in checked:
        if not 0 <= value < modulus:
            raise ProofmillError(f"{value} is no element of {options.modulus}; give a number "
                                 f"from 0 to {modulus - 1}")
    if options.program == "invert" and words[0] == 0:
        raise ProofmillError(f"0 has no inverse in {options.modulus}; give a number from 1 to "
                             f"{modulus - 1}")
    if options.program == "power":
        if words[1] < 0:
            raise ProofmillError(f"the exponent {words[1]} is below 0; take the inverse first, "
                                 "with proofmill field invert")
        # x ** (modulus - 1) = 1; 0 to any power but 0 is 0.
        words[1] = words[1] % (modulus - 1) if words[0] else min(words[1], 1)
    code = program(options.program, target)
    outcome = run(target.shape, code, words)
    screen = Screen(machine=options.json)
    if options.device == "rtl":
        with screen.bar(f"simulating {options.program}") as bar:
            outcome = run_gateware(target.shape, code, words, progress=bar,
                                   expected_cycles=outcome.cycles)
    if options.json:
        print_record("field", {"result": str(outcome.sent[0]), "cycles": outcome.cycles,
                               "modulus": options.modulus, "device": options.device})
    else:
        screen.line(f"{outcome.sent[0]}")
        screen.line(f"{outcome.cycles:,} cycles ({options.device}, {options.modulus})")
    return 0


def run_isa(options: argparse.Namespace) -> int:
    """Print the instruction table."""
    from proofmill.hdl.microcode import markdown

    print(markdown())
    return 0


def run_assemble(options: argparse.Namespace) -> int:
    """Assemble a file."""
    from proofmill.firmware.assembler import AssemblyError, assemble_file
    from proofmill.host.ground.output import write_atomically

    try:
        image = assemble_file(Path(options.file), _target(options)).image()
    except AssemblyError as error:
        raise ProofmillError(str(error)) from error
    except UnicodeDecodeError as error:
        raise ProofmillError(f"{options.file} is no text: {error}; give a program's source, "
                             "like firmware/programs/invert.asm") from error
    if options.out is None:
        print(image, end="")
    else:
        write_atomically(options.out, [image.encode()])
        Screen(machine=machine_reads(options.out)).line(f"wrote {options.out}")
    return 0


def run_disassemble(options: argparse.Namespace) -> int:
    """Print a program as text."""
    from proofmill.firmware.disassembler import disassemble
    from proofmill.firmware.library import names, program
    from proofmill.firmware.program import ImageError, from_image

    if options.file in names() and not Path(options.file).exists():
        target = _target(options)
        if target.curve is None and options.file.startswith(("combine", "finish")):
            raise ProofmillError(f"{options.file} needs a curve, and there is none over "
                                 f"{options.modulus}; say --modulus bn254-base")
        print(disassemble(program(options.file, target)), end="")
        return 0
    try:
        text = Path(options.file).read_text()
        print(disassemble(from_image(text, options.file)), end="")
    except FileNotFoundError:
        raise ProofmillError(f"there is no file {options.file}; give an assembled program, or one "
                             f"of {', '.join(names())}") from None
    except UnicodeDecodeError as error:
        raise ProofmillError(f"{options.file} is no text: {error}; give what `proofmill field "
                             "assemble` wrote") from error
    except ImageError as error:
        raise ProofmillError(str(error)) from error
    return 0
