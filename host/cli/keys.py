"""``proofmill zkey`` and ``setup``: proving keys, and the ceremonies that make them."""

import argparse
from typing import TYPE_CHECKING

from proofmill.host.cli.arguments import (
    hexadecimal,
    input_file,
    machine_reads,
    output_file,
    seed_text,
    whole,
)
from proofmill.host.cli.records import print_record
from proofmill.host.cli.screen import Screen
from proofmill.host.cli.shown import show
from proofmill.host.cli.subcommands import Commands
from proofmill.host.ground.errors import ProofmillError
from proofmill.host.prover.plonk.systems import FFLONK, GROTH16, PLONK

if TYPE_CHECKING:
    from proofmill.host.prover.fflonk.zkey import FflonkProvingKey
    from proofmill.host.prover.groth16.container import Container
    from proofmill.host.prover.groth16.proving_key import ProvingKey
    from proofmill.host.prover.plonk.zkey import PlonkProvingKey


def register(commands: Commands) -> None:
    """Add the commands."""
    zkey = commands.add_parser("zkey", help="look into a proving key, contribute to it, verify it")
    actions = zkey.add_subparsers(metavar="ACTION", required=True)
    info = actions.add_parser(
        "info", help="system, curve, sizes, contributions",
        description="Show a proving key of Groth16, PLONK or FFLONK: its curve and sizes; of "
                    "Groth16 who contributed to it, and whether it is for development alone, too.")
    info.add_argument("file", metavar="CIRCUIT.zkey", type=input_file())
    info.add_argument("--json", action="store_true", help="one JSON object")
    info.set_defaults(run=run_info)
    export = actions.add_parser(
        "verificationkey", help="write the verification key of a proving key",
        description="Write the verification key that a proving key has in it, as `snarkjs zkey "
                    "export verificationkey` does.")
    export.add_argument("file", metavar="CIRCUIT.zkey", type=input_file())
    export.add_argument("key", metavar="VK.json", type=output_file)
    export.set_defaults(run=run_export)
    contribute = actions.add_parser(
        "contribute", help="one party's step of a ceremony, from the system's entropy",
        description="Write a key with one more contribution, as `snarkjs zkey contribute` does. "
                    "The number it takes comes from the system and is kept nowhere.")
    _add_old_and_new(contribute)
    contribute.set_defaults(run=run_contribute)
    beacon = actions.add_parser(
        "beacon", help="the last step of a ceremony, from a public event",
        description="Write a key with one more contribution whose number follows from a public "
                    "event, as `snarkjs zkey beacon` does, byte for byte.")
    _add_old_and_new(beacon)
    beacon.add_argument("beacon", metavar="HEX",
                        type=hexadecimal(1, 255, "should be 1 to 255 bytes in hexadecimal"),
                        help="the event, say a block's hash: 1 to 255 bytes in hexadecimal")
    beacon.add_argument("exponent", metavar="EXPONENT", type=whole(10, 63),
                        help="SHA-256 is taken 2^EXPONENT times")
    beacon.set_defaults(run=run_beacon)
    verify = actions.add_parser(
        "verify", help="check a key against its circuit and the powers of tau",
        description="Check that a key is what a ceremony makes of a circuit and powers of tau, as "
                    "`snarkjs zkey verify` does, and of PLONK and FFLONK that it is what setup "
                    "makes: status 0 when it is, 1 when it is not.")
    verify.add_argument("r1cs", metavar="CIRCUIT.r1cs", type=input_file())
    verify.add_argument("powers", metavar="POWERS.ptau", type=input_file())
    verify.add_argument("zkey", metavar="CIRCUIT.zkey", type=input_file())
    verify.add_argument("--json", action="store_true", help="one JSON object")
    verify.set_defaults(run=run_verify)

    setup = commands.add_parser(
        "setup", help="make a circuit's first key from powers of tau, or one for development",
        description="Make the first key of a circuit's ceremony from prepared powers of tau, as "
                    "`snarkjs groth16 setup` does, byte for byte; it is of use once somebody has "
                    "contributed to it. With --development, make a key without a ceremony: "
                    "whoever makes it can forge proofs, and it is marked so in the file.")
    setup.add_argument("r1cs", metavar="CIRCUIT.r1cs", type=input_file())
    setup.add_argument("powers", metavar="POWERS.ptau", type=input_file(), nargs="?",
                       help="powers of tau, prepared for phase 2; not with --development")
    setup.add_argument("zkey", metavar="OUT.zkey", type=output_file)
    setup.add_argument("--system", choices=(GROTH16, PLONK, FFLONK), default=GROTH16,
                       help="the proof system (default: groth16); a key of PLONK or FFLONK needs "
                            "no ceremony of its own, and is the one that `snarkjs plonk|fflonk "
                            "setup` makes")
    setup.add_argument("--development", action="store_true",
                       help="yes, a key whose maker can forge proofs")
    setup.add_argument("--seed", type=seed_text,
                       help="the same text makes the same development key (default: random)")
    setup.set_defaults(run=run_setup)


def _add_old_and_new(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("old", metavar="OLD.zkey", type=input_file())
    parser.add_argument("new", metavar="NEW.zkey", type=output_file)
    parser.add_argument("--name", help="whose contribution it is: 64 characters at most")


def run_info(options: argparse.Namespace) -> int:
    """Show a proving key."""
    from proofmill.host.prover.groth16 import info as groth16
    from proofmill.host.prover.groth16.proving_key import ProvingKey
    from proofmill.host.prover.plonk import info as plonk
    from proofmill.host.prover.plonk.zkey import open_key

    with Screen(machine=options.json).bar(f"reading {options.file}"):
        container, system = open_key(options.file)
        key = _parsed(container, system)
        info = (groth16.key_info(key) if isinstance(key, ProvingKey)
                else plonk.key_info(options.file, system, key.circuit))
    show("zkey info", info, options.json)
    return 0


def run_export(options: argparse.Namespace) -> int:
    """Write a verification key."""
    from proofmill.host.prover.groth16.json_fields import write_json
    from proofmill.host.prover.plonk.zkey import open_key

    screen = Screen(machine=machine_reads(options.key))
    with screen.bar(f"reading {options.file}"):
        key = _parsed(*open_key(options.file))
    write_json(options.key, key.verification_key.to_json())
    screen.line(f"wrote {options.key}")
    return 0


def run_contribute(options: argparse.Namespace) -> int:
    """Contribute."""
    from proofmill.host.prover.groth16.contribution import contribute

    screen = Screen(machine=machine_reads(options.new))
    key = _read(options.old, screen)
    with screen.bar("contributing") as bar:
        digest = contribute(key, options.new, options.name, bar.step)
    _tell_contributed(screen, key, options.new, digest)
    return 0


def run_beacon(options: argparse.Namespace) -> int:
    """Contribute what follows from a beacon."""
    from proofmill.host.prover.groth16.contribution import contribute_beacon

    screen = Screen(machine=machine_reads(options.new))
    key = _read(options.old, screen)
    with screen.bar("contributing") as bar:
        digest = contribute_beacon(key, options.new, options.beacon, options.exponent,
                                   options.name, bar.step)
    _tell_contributed(screen, key, options.new, digest)
    return 0


def _parsed(container: "Container", system: str
            ) -> "ProvingKey | PlonkProvingKey | FflonkProvingKey":
    """The key of a system."""
    from proofmill.host.prover.fflonk import zkey as fflonk
    from proofmill.host.prover.groth16 import zkey as groth16
    from proofmill.host.prover.plonk import zkey as plonk

    if system == PLONK:
        return plonk.parse_zkey(container)
    return fflonk.parse_zkey(container) if system == FFLONK else groth16.parse_zkey(container)


def _read(path: str, screen: Screen) -> "ProvingKey":
    from proofmill.host.prover.groth16.zkey import read_zkey

    with screen.bar(f"reading {path}"):
        return read_zkey(path)


def _tell_contributed(screen: Screen, key: "ProvingKey", path: str, digest: bytes) -> None:
    screen.line(f"wrote {path}: contribution {len(key.contributions) + 1}, whose hash is")
    _tell_hash(screen, digest)


def _tell_hash(screen: Screen, digest: bytes) -> None:
    """As snarkjs shows it, so that both can be compared by eye."""
    for start in range(0, len(digest), 16):
        screen.line("    " + " ".join(digest[place:place + 4].hex()
                                      for place in range(start, start + 16, 4)))


def run_verify(options: argparse.Namespace) -> int:
    """Check a key; say so."""
    from proofmill.host.prover.groth16.key_check import Checked, WrongKey, check_key
    from proofmill.host.prover.groth16.powers import read_powers
    from proofmill.host.prover.groth16.r1cs_file import read_r1cs
    from proofmill.host.prover.groth16.zkey import parse_zkey
    from proofmill.host.prover.plonk.zkey import open_key

    screen = Screen(machine=options.json)
    with screen.bar(f"reading {options.zkey}"):
        container, system = open_key(options.zkey)
    if system != GROTH16:
        return _verify_plonk(options, container, system, screen)
    key, fault = parse_zkey(container), None
    found: list[Checked] = []
    with screen.bar("reading") as bar:
        r1cs, powers = read_r1cs(options.r1cs), read_powers(options.powers)
        try:
            found = check_key(r1cs, powers, key, bar.step)
        except WrongKey as error:
            fault = str(error)
    if options.json:
        print_record("zkey verify", {
            "valid": fault is None, "fault": fault, "circuit_hash": key.circuit_hash.hex(),
            "contributions": [{"name": each.contribution.name, "hash": each.hash.hex()}
                              for each in found]})
    if fault is not None:
        screen.line(f"the key is NOT valid: {fault}")
        return 1
    screen.line("the key is valid; the circuit's hash is")
    _tell_hash(screen, key.circuit_hash)
    for number, each in enumerate(found, 1):
        beacon = each.contribution.beacon
        what = "" if beacon is None else (
            f", a beacon: {beacon.hex()}, 2^{each.contribution.iterations} times")
        screen.line(f"contribution {number}, {each.contribution.name or 'unnamed'}{what}")
        _tell_hash(screen, each.hash)
    return 0


def _verify_plonk(options: argparse.Namespace, container: "Container", system: str,
                  screen: Screen) -> int:
    """Make the key of PLONK or FFLONK again and compare."""
    from proofmill.host.prover.fflonk import setup as fflonk
    from proofmill.host.prover.groth16.powers import read_powers
    from proofmill.host.prover.groth16.r1cs_file import read_r1cs
    from proofmill.host.prover.plonk import setup as plonk

    with screen.bar("reading") as bar:
        fault = (plonk if system == PLONK else fflonk).first_difference(
            read_r1cs(options.r1cs), read_powers(options.powers), container, bar.step)
    if options.json:
        print_record("zkey verify", {"valid": fault is None, "fault": fault, "circuit_hash": None,
                                     "contributions": []})
    screen.line("the key is valid: what setup makes of the circuit and the powers"
                if fault is None else f"the key is NOT valid: {fault}")
    return 0 if fault is None else 1


def run_setup(options: argparse.Namespace) -> int:
    """Make a first key, a development key, or a key that is whole."""
    if options.system != GROTH16 and (options.development or options.seed is not None):
        raise ProofmillError(
            f"--development is of Groth16's keys; a {options.system} key holds no secret but that "
            "of the powers of tau: give POWERS.ptau")
    if options.development:
        return _development(options)
    if options.seed is not None:
        raise ProofmillError("--seed is of development keys; leave it out, or say --development")
    if options.powers is None:
        raise ProofmillError(
            "setup takes powers of tau, as in `proofmill setup CIRCUIT.r1cs POWERS.ptau OUT.zkey`; "
            "say --development for a key whose maker can forge proofs")
    from proofmill.host.prover.groth16.phase2 import initial_setup
    from proofmill.host.prover.groth16.powers import read_powers
    from proofmill.host.prover.groth16.r1cs_file import read_r1cs

    screen = Screen(machine=machine_reads(options.zkey))
    if options.system != GROTH16:
        return _plonk_setup(options, screen)
    with screen.bar("reading") as bar:
        r1cs, powers = read_r1cs(options.r1cs), read_powers(options.powers)
        digest = initial_setup(r1cs, powers, options.zkey, bar.step)
    screen.line(f"wrote {options.zkey}: the first key for {r1cs.wires:,} wires, to be contributed "
                "to (`proofmill zkey contribute`); the circuit's hash is")
    _tell_hash(screen, digest)
    return 0


def _plonk_setup(options: argparse.Namespace, screen: Screen) -> int:
    from proofmill.host.prover.fflonk.setup import fflonk_setup
    from proofmill.host.prover.groth16.powers import read_powers
    from proofmill.host.prover.groth16.r1cs_file import read_r1cs
    from proofmill.host.prover.plonk.setup import plonk_setup

    with screen.bar("reading") as bar:
        circuit = (plonk_setup if options.system == PLONK else fflonk_setup)(
            read_r1cs(options.r1cs), read_powers(options.powers), options.zkey, bar.step)
    screen.line(f"wrote {options.zkey}: the {options.system.upper()} key for "
                f"{circuit.wires:,} wires, {circuit.gates:,} gates, domain {circuit.domain_size:,}")
    return 0


def _development(options: argparse.Namespace) -> int:
    from proofmill.host.prover.groth16.r1cs_file import read_r1cs
    from proofmill.host.prover.groth16.setup import development_setup

    if options.powers is not None:
        raise ProofmillError(f"POWERS.ptau {options.powers}: a development key takes no powers of "
                             "tau; leave it out, or --development")
    screen = Screen(machine=machine_reads(options.zkey))
    with screen.bar("making the key") as bar:
        key = development_setup(read_r1cs(options.r1cs), options.zkey, options.seed, bar.step)
    screen.line(f"wrote {options.zkey}: a development key for {key.wires:,} wires, "
                f"domain {key.domain_size:,}")
    return 0
