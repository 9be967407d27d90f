"""``proofmill infer`` and ``proofmill model``: int8 models, run on integers."""

import argparse
import os
import re
from typing import TYPE_CHECKING

from proofmill.host.cli.arguments import device as any_device
from proofmill.host.cli.arguments import (
    input_file,
    output_file,
    output_folder,
    seed_text,
    unknown,
    whole,
)
from proofmill.host.cli.records import print_record
from proofmill.host.cli.screen import Screen
from proofmill.host.cli.subcommands import Commands
from proofmill.host.ground.errors import ProofmillError

if TYPE_CHECKING:
    from proofmill.host.prover.inference.array import Work
    from proofmill.host.prover.inference.model import Model
    from proofmill.host.prover.inference.quantisation import Integers, Reals
    from proofmill.sim.compiling import BuildProgress

DEVICES = ("cpu", "model", "rtl", "serial:PORT")

KINDS = ("mlp", "cnn", "mlp-784", "lenet")
"""Of models that are trained here."""

MOST_SHOWN = 8
"""Samples whose outputs are shown; --json has all."""


def register(commands: Commands) -> None:
    """Add the commands."""
    infer = commands.add_parser(
        "infer", help="run an int8 ONNX model on integers",
        description="Run an int8 ONNX model in QDQ form, as onnxruntime's quantiser writes it, on "
                    "integers: equal to onnxruntime's, every one. Status 1 where --compare finds "
                    "a difference.",
        epilog="example: proofmill infer mlp.onnx digits:0-9")
    infer.add_argument("model", metavar="MODEL.onnx", type=input_file(
        "`proofmill model train mlp OUT.onnx` makes one"))
    infer.add_argument("input", metavar="INPUT", type=samples,
                       help="a .npy or .json file with one sample or a batch, digits:N or "
                            "digits:FIRST-LAST of scikit-learn's digits, or digits for all")
    infer.add_argument("--device", default="cpu", type=device, metavar="|".join(DEVICES),
                       help="what multiplies matrices: this processor; the smallest board's "
                            "accelerator with --matrices, by its model or its gateware in "
                            "simulation; or a board with such gateware (default: cpu)")
    infer.add_argument("--compare", action="store_true",
                       help="run onnxruntime too, and count the integers that differ")
    infer.add_argument("--prove", metavar="FOLDER",
                       help="prove it, with what `proofmill model compile` left there")
    infer.add_argument("--out", metavar="FOLDER", type=output_folder,
                       help="where proof.json, public.json, output.json and, for your eyes alone, "
                            "opening.json go")
    infer.add_argument("--tag", type=field_element, metavar="NUMBER",
                       help="the prover's tag, a public input, such as the address that hands the "
                            "proof in (default: 0)")
    infer.add_argument("--json", action="store_true", help="one JSON object")
    infer.set_defaults(run=run_infer)

    model = commands.add_parser("model", help="make int8 models")
    actions = model.add_subparsers(metavar="ACTION", required=True)
    train = actions.add_parser(
        "train", help="a small model of handwritten digits",
        description="Train a small network on the digits that scikit-learn has in it, and write it "
                    "as int8 ONNX in QDQ form, by onnxruntime's quantiser. The same each time on "
                    "one machine.")
    train.add_argument("kind", metavar="|".join(KINDS), choices=KINDS,
                       help="64-32-10; two convolutions with pools; and of digits enlarged to "
                            "28 x 28 pixels 784-128-10, and LeNet-5")
    train.add_argument("out", metavar="OUT.onnx", type=output_file)
    train.add_argument("--any-scales", action="store_true",
                       help="scales as the quantiser found them, not rounded up to powers of two")
    train.add_argument("--json", action="store_true", help="one JSON object")
    train.set_defaults(run=run_train)
    compiling = actions.add_parser(
        "compile", help="a model's circuit and keys, to prove what it gives",
        description="Make the circuit of an int8 model, with its weights as constants or, with "
                    "--private-weights, behind a commitment, a development key (whoever makes it "
                    "can forge proofs) and a description with hashes, for `proofmill infer "
                    "--prove`.")
    compiling.add_argument("model", metavar="MODEL.onnx", type=input_file(
        "`proofmill model train mlp OUT.onnx` makes one"))
    compiling.add_argument("folder", metavar="FOLDER", type=output_folder)
    compiling.add_argument("--private-weights", action="store_true",
                           help="prove that the weights are those of a commitment, and show no "
                                "more of them: a constraint for each product, eight for each "
                                "weight; FOLDER/weights.json is then for your eyes alone")
    compiling.add_argument("--seed", type=seed_text,
                           help="the same text makes the same key (default: random)")
    compiling.add_argument("--json", action="store_true", help="one JSON object")
    compiling.set_defaults(run=run_compile)


def device(text: str) -> str:
    """Takes names of devices that run models."""
    if text.startswith("serial:"):
        return any_device(text)
    if text not in DEVICES:
        raise argparse.ArgumentTypeError(unknown(text, DEVICES))
    return text


def field_element(text: str) -> int:
    """Takes elements of the field of a circuit, in decimal or, as an address, after 0x."""
    from proofmill.host.prover.curve.limbs import SCALAR_MODULUS

    found = re.fullmatch("0x[0-9a-fA-F]{1,64}", text)
    return whole(0, SCALAR_MODULUS - 1)(str(int(text, 16)) if found else text)


def samples(text: str) -> str:
    """Takes names of digits, and of files that are there."""
    if re.fullmatch(r"digits(:\d+(-\d+)?)?", text, re.ASCII) and not os.path.exists(text):
        return text
    return input_file("`digits:0` is one of scikit-learn's digits")(text)


def run_infer(options: argparse.Namespace) -> int:
    """Run a model; show what it gives."""
    from proofmill.host.prover.inference.onnx_file import read_model
    from proofmill.host.prover.inference.samples import read_samples

    for name in ("out", "tag") if options.prove is None else ():
        if getattr(options, name) is not None:
            raise ProofmillError(f"--{name} is of --prove; leave it out, or say --prove FOLDER")
    if options.prove is not None and options.out is None:
        raise ProofmillError("--prove: the proof needs a place; say it with --out FOLDER")
    screen = Screen(machine=options.json)
    with screen.bar(f"reading {options.model}"):
        model = read_model(options.model)
        given = read_samples(options.input, model)
    if options.prove is not None and len(given.values) != 1:
        raise ProofmillError(f"{options.input}: has {len(given.values):,} samples; a proof is of "
                             "one")
    with screen.bar("computing") as bar:
        found, work = _computed(options.device, model, given.values, bar.step)
    right = differing = None
    scores = found[model.outputs[0].name]
    if given.classes is not None and scores.ndim == 2:
        right = int((scores.argmax(axis=1) == given.classes).sum())
    if options.compare:
        from proofmill.host.prover.inference.comparing import differences

        with screen.bar("computing with onnxruntime"):
            differing = differences(options.model, model, given.values, found)
    proven = None
    if options.prove is not None:
        from proofmill.host.prover.inference.proving import prove_inference

        with screen.bar("proving") as bar:
            proven = prove_inference(options.model, options.prove, given.values, options.out,
                                     options.tag or 0, bar.step)
    count = len(given.values)
    if options.json:
        print_record("infer", {
            "model": options.model, "device": options.device, "samples": count,
            "outputs": [{
                "name": each.name, "type": each.quantisation.type if each.quantisation else "int64",
                "scale": float(each.quantisation.scale) if each.quantisation else None,
                "zero_point": each.quantisation.zero_point if each.quantisation else None,
                "integers": found[each.name].tolist()} for each in model.outputs],
            "right": right, "differences": differing,
            "cycles": None if work is None else work.cycles,
            "blocks": None if work is None else work.blocks,
            "products": None if work is None else work.products,
            "memory_words": None if work is None else work.fetched,
            "memory_cycles": None if work is None else work.waiting,
            "least_rows": None if work is None else work.least_rows,
            "commands": None if work is None else work.commands,
            "memory_bound": None if work is None else work.bound,
            "commitment": None if proven is None else str(proven.commitment),
            "proof_seconds": None if proven is None else proven.seconds})
        return 1 if differing else 0
    for number in range(min(count, MOST_SHOWN)):
        for output in model.outputs:
            values = found[output.name][number].reshape(-1).tolist()
            screen.line(f"{number}: {output.name} {' '.join(map(str, values))}")
    if count > MOST_SHOWN:
        screen.line(f"... {count:,} samples; --json shows all")
    if right is not None:
        screen.line(f"the greatest score is the digit's in {right:,} of {count:,}")
    if work is not None:
        screen.line(f"{work.cycles:,} cycles of {work.blocks} blocks for {work.products:,} "
                    f"multiply-accumulates: {work.rate:.3f} a block and cycle")
        screen.line(f"the memory gave {work.fetched:,} words of weights in {work.waiting:,} cycles "
                    f"or more, and was what {work.bound:,} of {work.commands:,} commands waited "
                    f"for: a weight has to be used for {work.least_rows} rows or more")
    if proven is not None:
        screen.line(f"proved and verified in {proven.seconds:.2f} s: {options.out}; `proofmill "
                    f"verify {options.prove}/verification_key.json {options.out}/public.json "
                    f"{options.out}/proof.json` verifies it")
    if differing is not None:
        total = sum(values.size for values in found.values())
        screen.line(f"{differing:,} of {total:,} integers differ from onnxruntime's")
    return 1 if differing else 0


def _computed(device: str, model: "Model", values: "Reals", tell: "BuildProgress"
              ) -> "tuple[dict[str, Integers], Work | None]":
    """(the model's outputs, what an array did for them)."""
    if device == "cpu":
        return model.run(values), None
    from contextlib import closing

    from proofmill.host.prover.inference.array import open_array

    with closing(open_array(device, tell)) as array:
        return model.run(values, array.multiply), array.work


def run_train(options: argparse.Namespace) -> int:
    """Train a model; say how good it is."""
    import dataclasses

    from proofmill.host.prover.inference.making import make

    screen = Screen(machine=options.json)
    with screen.bar("training") as bar:
        made = make(options.kind, options.out, not options.any_scales, bar.step)
    if options.json:
        print_record("model train", {"kind": options.kind, "file": options.out,
                                     **dataclasses.asdict(made)})
        return 0
    screen.line(f"wrote {options.out}: {made.parameters:,} parameters; of {made.held_out} digits "
                f"held out {made.right_on_integers} are right, {made.right_on_reals} before it was "
                "quantised")
    return 0


def run_compile(options: argparse.Namespace) -> int:
    """Make a model's circuit and keys; say what it costs."""
    from proofmill.host.prover.inference.proving import compile_model

    screen = Screen(machine=options.json)
    with screen.bar("compiling") as bar:
        found = compile_model(options.model, options.folder, options.seed, bar.step,
                              private_weights=options.private_weights)
    if options.json:
        print_record("model compile", vars(found))
        return 0
    for part, count in found.layers.items():
        screen.line(f"{part:>24}  {count:>9,} constraints")
    screen.line(f"wrote {options.folder}: {found.constraints:,} constraints, and a development key")
    screen.line(f"the model's hash is {found.model_hash}, the circuit's {found.circuit_hash}")
    if found.weights_commitment is not None:
        screen.line(f"the weights' commitment is {found.weights_commitment}; keep {options.folder}"
                    "/weights.json to yourself, and do not lose it")
    return 0
