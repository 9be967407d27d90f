"""``proofmill prove`` and ``proofmill verify``: the files of snarkjs in rapidsnark's order."""

import argparse
import os
import time
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING

from proofmill.host.cli.arguments import device, input_file, machine_reads, output_file, whole
from proofmill.host.cli.log_options import are_given
from proofmill.host.cli.screen import Screen
from proofmill.host.cli.subcommands import Commands
from proofmill.host.ground.errors import ProofmillError
from proofmill.host.prover.devices.catalogue import DEVICES, open_device
from proofmill.host.prover.plonk.systems import (
    FFLONK,
    GROTH16,
    PLONK,
    json_system,
    key_system,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from proofmill.host.cli.screen import Bar
    from proofmill.host.prover.devices.device import Device
    from proofmill.host.prover.fflonk.prove import FflonkProver
    from proofmill.host.prover.groth16.container import Container
    from proofmill.host.prover.groth16.plain import PlainKey, PlainProof
    from proofmill.host.prover.groth16.prove import Prover
    from proofmill.host.prover.groth16.r1cs import R1cs
    from proofmill.host.prover.native.library import Library
    from proofmill.host.prover.plonk.prove import PlonkProver


VERIFYING_DEVICES = ("cpu", "model", "rtl", "model+c", "rtl+c", "model+bc", "rtl+bc")
"""What can check a Groth16 proof; the first, any."""


def register(commands: Commands) -> None:
    """Add the commands."""
    prove = commands.add_parser(
        "prove", help="prove with a .zkey and a .wtns file",
        description="Prove as `snarkjs groth16|plonk|fflonk prove` and rapidsnark do; the key says "
                    "which. The proof is verified before it is written.",
        epilog="example: proofmill prove circuit.zkey witness.wtns proof.json public.json "
               "--device rtl")
    prove.add_argument("zkey", metavar="CIRCUIT.zkey", type=input_file(), help="the proving key")
    prove.add_argument("witness", metavar="WITNESS.wtns", type=input_file(),
                       help="every wire's value")
    prove.add_argument("proof", metavar="PROOF.json", type=output_file,
                       help="where the proof goes; /dev/stdout and pipes will do")
    prove.add_argument("public", metavar="PUBLIC.json", type=output_file,
                       help="where the public signals go")
    add_device(prove, "cpu")
    add_fallback(prove)
    prove.add_argument("--threads", type=whole(1), metavar="N",
                       help="threads of --device cpu (default: one a core)")
    prove.add_argument("--r1cs", metavar="CIRCUIT.r1cs", type=input_file(),
                       help="names the constraint that a wrong witness breaks")
    # Starting the log takes as long as a small proof, and only the slower ways write into it.
    prove.set_defaults(run=run_prove, logs_later=True)

    verify = commands.add_parser(
        "verify", help="verify a proof",
        description="Verify a proof as `snarkjs groth16|plonk|fflonk verify` does; the key says "
                    "which. Groth16 keys and proofs may be gnark's binary files. Status 0 when it "
                    "is valid, 1 when it is not. With --device a Groth16 "
                    "proof's pairings are computed on the wide processor (docs/firmware.md).")
    verify.add_argument("key", metavar="VK.json", type=input_file(), help="the verification key")
    verify.add_argument("public", metavar="PUBLIC.json", type=input_file(),
                        help="the public signals")
    verify.add_argument("proof", metavar="PROOF.json", type=input_file(), help="the proof")
    verify.add_argument("more", metavar="PUBLIC.json PROOF.json", nargs="*", type=input_file(),
                        help="more proofs of the same key; a device checks two at once")
    verify.add_argument("--device", choices=VERIFYING_DEVICES, default=VERIFYING_DEVICES[0],
                        help="this machine's processor, the gateware of the wide processor in "
                             "simulation, or its model, which gives the same cycles; with +c or "
                             "+bc the accelerator's, on the multiplier of its sums (default: "
                             "%(default)s)")
    verify.set_defaults(run=run_verify, logs_later=True)


def add_device(parser: argparse.ArgumentParser, default: str) -> None:
    """Add ``--device``."""
    parser.add_argument(
        "--device", default=default, type=device, metavar="|".join(DEVICES),
        help=f"what computes the multi-scalar multiplications (default: {default})")


def add_fallback(parser: argparse.ArgumentParser) -> None:
    """Add ``--no-fallback``."""
    parser.add_argument(
        "--no-fallback", action="store_true",
        help="fail (status 2) where the device fails, instead of proving on this machine's "
             "processor")


def run_prove(options: argparse.Namespace) -> int:
    """Prove; write both files."""
    if options.threads is not None and options.device != "cpu":
        raise ProofmillError(f"--threads {options.threads}: is of --device cpu, not of "
                             f"{options.device}; leave it out")
    screen = Screen(machine=machine_reads(options.proof) or machine_reads(options.public))
    # A pipe can be read once only, and where a proof goes wrong the files are read again.
    if (options.device == "cpu" and os.path.isfile(options.zkey) and os.path.isfile(options.witness)
            and key_system(options.zkey) == GROTH16):
        from proofmill.host.prover.native.library import library_if_there, library_or_none

        code = library_if_there()
        if code is None:
            with screen.bar("preparing") as bar:
                code = library_or_none(bar.step)
        if code is not None:
            return _prove_natively(options, screen, code)
    return _prove_in_parts(options, screen)


def _prove_natively(options: argparse.Namespace, screen: Screen, code: "Library") -> int:
    """One call of the native library, which starts in a fraction of the time of NumPy."""
    from proofmill.host.ground.output import write_atomically
    from proofmill.host.prover.native.prove import proof_json, prove_again, public_json

    if options.r1cs is not None:
        _check_circuit(options, screen)
    code.share_heap()
    start = time.perf_counter()
    try:
        with screen.bar("proving on cpu") as bar:
            proof, again = prove_again(options.zkey, options.witness, options.threads, bar, code)
    except ProofmillError as error:
        # The other prover knows more: which constraint, which point, what sort of file.
        status = _prove_in_parts(options, screen)
        screen.line(f"warning: the native library failed: {error}; the proof was made in parts")
        return status
    seconds = time.perf_counter() - start
    if again:
        screen.line(f"warning: {again}")
    write_atomically(options.proof, [proof_json(proof).encode()], to_disk=False)
    write_atomically(options.public, [public_json(proof.public).encode()], to_disk=False)
    _tell_proved(options, screen, "cpu", seconds)
    return 0


def _check_circuit(options: argparse.Namespace, screen: Screen) -> None:
    """Raise where --r1cs is not the key's circuit."""
    from proofmill.host.prover.groth16.prove import check_circuit
    from proofmill.host.prover.groth16.r1cs_file import read_r1cs
    from proofmill.host.prover.groth16.zkey import read_zkey

    with screen.bar("reading"):
        check_circuit(read_zkey(options.zkey), read_r1cs(options.r1cs))


def _prove_in_parts(options: argparse.Namespace, screen: Screen) -> int:
    """The sums on a device, the rest here; says what is wrong with a witness, a key, a device."""
    from proofmill.host.cli.logs import set_up
    from proofmill.host.prover.devices.cpu import CpuDevice
    from proofmill.host.prover.groth16.json_fields import write_json, write_public
    from proofmill.host.prover.groth16.r1cs_file import read_r1cs
    from proofmill.host.prover.groth16.wtns import read_witness
    from proofmill.host.prover.plonk.zkey import open_key

    if not are_given(options):
        set_up(options)
    with screen.bar("reading"):
        make_prover = _prover_of(*open_key(options.zkey))
        witness = read_witness(options.witness)
        r1cs = None if options.r1cs is None else read_r1cs(options.r1cs)
    with screen.bar("preparing") as bar:
        device = open_device(options.device, progress=bar.step, threads=options.threads)
    fallback = None if options.device == "cpu" or options.no_fallback else CpuDevice()
    prover = make_prover(device, fallback, r1cs)
    with screen.bar(f"proving on {device.name}") as bar:
        result = prover.prove(witness, bar)
    for fault in result.faults:
        screen.line(f"warning: {fault}; the proof was made on {result.device}")
    write_json(options.proof, result.proof.to_json())
    write_public(options.public, result.public)
    _tell_proved(options, screen, result.device, result.seconds,
                 f", {result.spent.in_words()}" if result.cycles else "")
    return 0


def _prover_of(container: "Container", system: str) -> (
        "Callable[[Device, Device | None, R1cs | None], Prover | PlonkProver | FflonkProver]"):
    """What makes a prover from devices and a circuit, with the key in a file, of any system."""
    # Only one system's modules are loaded: that takes a part of a small proof's time.
    if system == PLONK:
        from proofmill.host.prover.plonk import prove as plonk
        from proofmill.host.prover.plonk import zkey as plonk_key

        return partial(plonk.PlonkProver, plonk_key.parse_zkey(container))
    if system == FFLONK:
        from proofmill.host.prover.fflonk import prove as fflonk
        from proofmill.host.prover.fflonk import zkey as fflonk_key

        return partial(fflonk.FflonkProver, fflonk_key.parse_zkey(container))
    from proofmill.host.prover.groth16 import prove as groth16
    from proofmill.host.prover.groth16 import zkey as groth16_key

    return partial(groth16.Prover, groth16_key.parse_zkey(container))


def _tell_proved(options: argparse.Namespace, screen: Screen, device: str, seconds: float,
                 counted: str = "") -> None:
    screen.line(f"proved and verified on {device} in {seconds:.2f} s{counted}: "
                f"{options.proof}, {options.public}")


def run_verify(options: argparse.Namespace) -> int:
    """Verify; say so."""
    screen = Screen()
    claims, cycles = _claims(options), None
    with screen.bar("verifying") as bar:
        key = _key_in(options.key)
        verifier = {PLONK: _verify_plonk, FFLONK: _verify_fflonk}.get(
            json_system(key), _verify_groth16)
        if options.device == VERIFYING_DEVICES[0]:
            verdicts = []
            for n, files in enumerate(claims):
                bar(n, len(claims))
                verdicts.append(_verdict(partial(verifier, key, options.key, *files)))
        elif verifier is _verify_groth16:
            verdicts, cycles = _verify_on_device(options.device, key, options.key, claims, bar)
        else:
            raise ProofmillError(f"--device {options.device} verifies Groth16 proofs alone, "
                                 f"and {options.key} is a key of {json_system(key)}; leave "
                                 "--device away")
    for (_, proof), why in zip(claims, verdicts, strict=True):
        screen.line((f"{proof}: " if len(claims) > 1 else "")
                    + (f"the proof is NOT valid{why}" if why else "the proof is valid"))
    if cycles is not None:
        screen.line(f"{cycles:,} cycles ({options.device})")
    return 1 if any(verdicts) else 0


OTHERWISE = " for this key and these public inputs"
"""Why a proof is not valid that is well made."""


def _claims(options: argparse.Namespace) -> list[tuple[str, str]]:
    """The files of each proof: (public signals, proof)."""
    files = [options.public, options.proof, *options.more]
    if len(files) % 2:
        raise ProofmillError(f"{files[-1]}: a file without its partner; give more proofs as "
                             "PUBLIC.json PROOF.json, two files each")
    return list(zip(files[::2], files[1::2], strict=True))


def _verdict(verify: "Callable[[], bool]") -> str:
    """Why a proof is not valid; "" where it is."""
    from proofmill.host.prover.groth16.json_fields import NotValid

    try:
        return "" if verify() else OTHERWISE
    except NotValid as error:
        return f": {error}"


def _verify_on_device(device: str, value: object, name: str, claims: list[tuple[str, str]],
                      bar: "Bar") -> tuple[list[str], int]:
    """(the verdicts, cycles of the device)."""
    from proofmill.host.prover.devices.device import Checking
    from proofmill.host.prover.groth16.json_fields import NotValid, read_bytes, read_public
    from proofmill.host.prover.groth16.wide_check import check, check_within

    key = _groth16_key(value, name)
    verdicts, asked = [OTHERWISE] * len(claims), {}
    for n, (public, proof) in enumerate(claims):
        try:
            asked[n] = read_public(public), _groth16_proof(read_bytes(proof), proof)
        except NotValid as error:
            verdicts[n] = f": {error}"
    if device.endswith("+c"):
        with closing(open_device(device, lanes=1, progress=bar.step)) as opened:
            assert isinstance(opened, Checking)
            found = check_within(opened, key, list(asked.values()))
    else:
        found = check(device, key, list(asked.values()), bar.step)
    for n, right in zip(asked, found.right, strict=True):
        if right:
            verdicts[n] = ""
    return verdicts, found.cycles


def _verify_groth16(value: object, name: str, public: str, proof: str) -> bool:
    from proofmill.host.prover.groth16.json_fields import is_text, read_bytes, read_public
    from proofmill.host.prover.groth16.plain import verify

    signals, data = read_public(public), read_bytes(proof)
    if isinstance(value, bytes) and not is_text(data):
        from proofmill.host.prover.groth16.gnark import parse_key, parse_proof
        from proofmill.host.prover.groth16.gnark_commitments import verify_committed

        return verify_committed(parse_key(value, name), signals, parse_proof(data, proof))
    return verify(_groth16_key(value, name), signals, _groth16_proof(data, proof))


def _key_in(path: str) -> object:
    """A key's file: parsed JSON, or the bytes of one of gnark's."""
    from proofmill.host.prover.groth16.json_fields import is_text, parse_text, read_bytes

    data = read_bytes(path)
    return parse_text(data, path).value if is_text(data) else data


def _groth16_key(value: object, name: str) -> "PlainKey":
    """The key of what `_key_in` gave."""
    from proofmill.host.prover.groth16.plain import key_from_json

    if isinstance(value, bytes):
        from proofmill.host.prover.groth16.gnark import parse_key, plain_key

        return plain_key(parse_key(value, name))
    return key_from_json(value, name)


def _groth16_proof(data: bytes, path: str) -> "PlainProof":
    """A proof in snarkjs' JSON, or as gnark writes it."""
    from proofmill.host.prover.groth16.json_fields import is_text, parse_text
    from proofmill.host.prover.groth16.plain import proof_from_json

    if is_text(data):
        return proof_from_json(parse_text(data, path).value, path)
    from proofmill.host.prover.groth16.gnark import parse_proof, plain_proof

    return plain_proof(parse_proof(data, path))


def _verify_plonk(value: object, name: str, public: str, proof: str) -> bool:
    from proofmill.host.prover.groth16.json_fields import read_public
    from proofmill.host.prover.plonk.verification_key import key_from_json, read_proof
    from proofmill.host.prover.plonk.verify import verify

    return verify(key_from_json(value, name), read_public(public), read_proof(proof))


def _verify_fflonk(value: object, name: str, public: str, proof: str) -> bool:
    from proofmill.host.prover.fflonk.verification_key import key_from_json, read_proof
    from proofmill.host.prover.fflonk.verify import verify
    from proofmill.host.prover.groth16.json_fields import read_public

    return verify(key_from_json(value, name), read_public(public), read_proof(proof))
