"""Command lines that the helps end with, for commands whose own modules say none."""

EXAMPLES = {
    "": ("mine --device cpu --blocks 1", "prove circuit.zkey witness.wtns proof.json public.json",
         "node init mill --sign-transfers", "verilog multiplier.sv --unit multiplier --bench",
         "simulate equal --slots 200"),
    "mine": ("mine --device cpu --blocks 1", "mine --device model --json-lines",
             "mine --transfers 4 --accounts 2^10 --device cpu", "mine --system plonk --device cpu",
             "mine --ai --device cpu", "mine --delay --device cpu", "mine --witnesses --device cpu",
             "mine --no-certificates --device cpu"),
    "node run": ("node run --config mill/node-0/node.toml",),
    "verify": ("verify verification_key.json public.json proof.json",
               "verify verification_key.json public.json proof.json --device rtl",
               "verify verification_key.json public.json proof.json public2.json proof2.json"),
    "model train": ("model train mlp mlp.onnx",),
    "model compile": ("model compile mlp.onnx compiled",
                      "model compile mlp.onnx compiled --private-weights"),
    "zkey info": ("zkey info circuit.zkey", "zkey info circuit.zkey --json"),
    "zkey verificationkey": ("zkey verificationkey circuit.zkey verification_key.json",),
    "gnark key": ("gnark key groth16_vk.bin vk.json", "gnark key circuit.zkey groth16_vk.bin"),
    "gnark proof": ("gnark proof proof.bin proof.json", "gnark proof proof.json proof.bin --raw"),
    "gnark proving-key": ("gnark proving-key circuit.pk circuit.dump --dump",),
    "gnark zkey": ("gnark zkey circuit.pk circuit.vk circuit.system circuit.zkey",),
    "gnark witness": ("gnark witness circuit.solution witness.wtns",),
    "zkey contribute": ("zkey contribute first.zkey next.zkey --name Ada",),
    "zkey beacon": (f"zkey beacon next.zkey last.zkey {'0a' * 8} 10 --name beacon",),
    "zkey verify": ("zkey verify circuit.r1cs powers.ptau last.zkey",),
    "setup": ("setup circuit.r1cs powers.ptau first.zkey",
              "setup circuit.r1cs circuit.zkey --development"),
    "r1cs info": ("r1cs info circuit.r1cs",),
    "r1cs check": ("r1cs check circuit.r1cs witness.wtns", "r1cs check circuit.r1cs --quick"),
    "kzg commit": ("kzg commit blob.bin", "kzg commit blob.bin --device rtl"),
    "kzg prove": ("kzg prove blob.bin --json", "kzg prove blob.bin --at 7"),
    "kzg cells": ("kzg cells blob.bin cells.json",),
    "kzg recover": ("kzg recover some.json cells.json --blob blob.bin",),
    "kzg setup": ("kzg setup", "kzg setup --device rtl"),
    "kzg verify": ("kzg verify proof.json blob.bin", "kzg verify cells.json"),
    "bench msm": ("bench msm --points 1024", "bench msm --group g2 --scalars witness",
                  "bench msm --device model+b --multiplier folded --multiplier-interval 3"),
    "bench ratios": ("bench ratios --seeds 2 --points 1024",
                     "bench ratios --device model+b --points 16384 --seeds 1"),
    "bench sim": ("bench sim",),
    "bench transforms": ("bench transforms --device model+h", "bench transforms --device none"),
    "bench batch": ("bench batch",),
    "bench endomorphism": ("bench endomorphism", "bench endomorphism --power 12 --exact 10"),
    "bench rivals": ("bench rivals", "bench rivals --exact 10"),
    "bench evaluation": ("bench evaluation", "bench evaluation circuit.zkey witness.wtns"),
    "bench pairing": ("bench pairing",),
    "bench prove": ("bench prove --rounds 2", "bench prove circuit.zkey witness.wtns"),
    "bench proving": ("bench proving --power 12", "bench proving --peer build/prover --memory 512"),
    "bench fuzz": ("bench fuzz --inputs 1000 --seed 1",),
    "bench setup": ("bench setup --power 12",),
    "bench block": ("bench block --transfers 16 --device cpu",),
    "bench certificate": (
        "bench certificate --kind slot",
        "bench certificate --kind smallest --device rtl",
        "bench certificate --kind slot --profile companion --profile post-quantum"),
    "bench light": ("bench light", "bench light --epochs 20 --signed-every 4 --json"),
    "bench history": ("bench history", "bench history --proofs 64 --json"),
    "bench settlement": ("bench settlement --provers 32",),
    "bench simulate": ("bench simulate --provers 1000 --slots 100",),
    "bench gates": ("bench gates",),
    "bench delay": ("bench delay", "bench delay --squarings 1000000 --rounds 1"),
    "bench systems": ("bench systems", "bench systems --device model"),
    "bench matmul": ("bench matmul", "bench matmul --size 256"),
    "bench kzg": ("bench kzg", "bench kzg --threads 2 --rounds 5"),
    "bench soak": ("bench soak --slots 100",),
    "bench table": ("bench table",),
    "explore": ("explore --device ecp5-85f --points 4096",
                "explore --dsp 156 --memory-kbit 3744 --points 65536 --json",
                "explore --device xcvu9p --points 1048576 --exact"),
    "field invert": ("field invert 7", "field invert 7 --modulus toy --device interpreter"),
    "field power": ("field power 3 20 --modulus toy --device interpreter",),
    "field multiply": ("field multiply 3 5",),
    "field pairing": ("field pairing", "field pairing --p 1,2 --q infinity --device model"),
    "field isa": ("field isa",),
    "field assemble": ("field assemble program.asm --out program.hex",),
    "field disassemble": ("field disassemble invert",),
    "commands": ("commands",),
    "simulate": ("simulate equal --slots 200", "simulate scenario.toml --out results",
                 "simulate equal --strategy mine.py:Patient --rule mine.py:Flat",
                 "simulate market --out results"),
    "study run": ("study run stake", "study run study.toml --out results",
                  "study run study.toml --out results --cluster tcp://10.0.0.5:8786"),
    "study published": ("study published",),
    "attacks": ("attacks --only wash",),
    "why": ("why --slot 20", "why --slot 20 --run run.json", "why --epoch 6 --light light",
            "why --epoch 2 --run run.json"),
    "market": ("market --run run.json",
               f"market --execution http://127.0.0.1:8545 --proofs 0x{'5f' * 20}"),
    "contracts verifier": ("contracts verifier verification_key.json Verifier.vy",),
    "contracts inference": ("contracts inference compiled proven",),
    "contracts gas": ("contracts gas --provers 16",),
    "ledger rebuild": (f"ledger rebuild 0x{'5f' * 20} --execution http://127.0.0.1:8545",),
    "board list": ("board list",),
    "devices": ("devices", "devices --port /dev/ttyUSB0 --no-simulation"),
    "selftest": ("selftest cpu", "selftest serial:/dev/ttyUSB0",
                 "selftest rtl --curve bls12-381"),
    "vectors": ("vectors vectors.json", "vectors vectors.json --check"),
    "slashing export": ("slashing export data/slashing.sqlite history.json",),
    "slashing import": ("slashing import data/slashing.sqlite history.json",),
    "wallet new": ("wallet new key.json", "wallet new key.json --development 0"),
    "wallet send": ("wallet send key.json --node data --to 3 --amount 500 --fee 10",),
    "wallet deposit": ("wallet deposit key.json --node data --amount 500",),
    "wallet withdraw": ("wallet withdraw key.json --node data --amount 500",),
    "wallet balance": ("wallet balance key.json --node data",),
    "history key": ("history key first.ptau second.ptau history.json",),
    "history aggregate": (
        "history aggregate block_vk.json first.ptau second.ptau proofs blocks.era",
        "history aggregate block_vk.json first.ptau second.ptau proofs blocks.era --device rtl"),
    "history verify": ("history verify block_vk.json history.json blocks.era",),
    "light start": ("light start light --key verification_key.json --epoch 0 --registry 123",
                    "light start light --profile post-quantum --epoch 0 --registry 123"),
    "light follow": ("light follow light --peer http://127.0.0.1:8000 --peer other/light",),
    "light ledger": (
        ("light ledger light --key vk.json --history-key history.json --ledger-root 123 --block "
         f"0x{'5f' * 32}"),),
    "light balance": ("light balance light 3 --peer http://127.0.0.1:8000",),
    "light proven": (f"light proven light 0x{'5f' * 32} --peer proofs",),
    "light show": ("light show light", "light show light --json"),
    "completion": ("completion bash",),
}
"""By a command's words, without ``proofmill``, as the lines below are."""

INDENT = "  "


def examples(prog: str, width: int) -> str:
    """What the help of `prog` ends with, in lines of `width` characters where words allow it."""
    lines = [f"{INDENT}proofmill {line}" for line in
             EXAMPLES.get(prog.removeprefix("proofmill").strip(), ())]
    if not lines:
        return ""
    return "\n".join(["", "examples:", *(part for line in lines for part in _folded(line, width))]
                     ) + "\n"


def _folded(line: str, width: int) -> list[str]:
    """A command in as many lines as it takes, which a shell reads as one."""
    if len(line) <= width:
        return [line]
    parts, current = [], INDENT + line.split()[0]
    for word in line.split()[1:]:
        if len(current) + len(word) + 3 > width and current.strip():
            parts.append(f"{current} \\")
            current = 2 * INDENT + word
        else:
            current += f" {word}"
    return [*parts, current]
