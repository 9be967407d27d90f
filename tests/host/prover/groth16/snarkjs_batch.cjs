// Calls of snarkjs, one after the other in one process: node snarkjs_batch.cjs SNARKJS CALLS.json
//
// {verify: [key, public, proof]}, three texts: true, false, or the error as a text.
// {plonk: [key, public, proof]}, {fflonk: [key, public, proof]}: the same of other systems.
// {circuit: [r1cs, wtns, prefix]}, paths: sets up PREFIX.zkey, proves, verifies its own proof.
// {setup: [r1cs, ptau, zkey]}, paths: makes a first key.
// {contribute: [old, new, name]}, {beacon: [old, new, hex, exponent, name]}, paths: contributes to a key.
// {check: [r1cs, ptau, zkey]}, paths: verifies a key.
const fs = require("fs");
const [root, file] = process.argv.slice(2);
const snarkjs = require(root);

async function verify([key, signals, proof]) {
  return snarkjs.groth16.verify(JSON.parse(key), JSON.parse(signals), JSON.parse(proof));
}

let powers; // of tau, of degree 16: enough for the circuits here

async function powersOfTau(prefix) {
  if (powers === undefined) {
    const curve = await snarkjs.curves.getCurveFromName("bn128");
    const first = { type: "mem" }, second = { type: "mem" }, last = { type: "mem" };
    await snarkjs.powersOfTau.newAccumulator(curve, 4, first);
    await snarkjs.powersOfTau.contribute(first, second, "one", "entropy");
    await snarkjs.powersOfTau.preparePhase2(second, last);
    powers = last;
  }
  return powers;
}

async function circuit([r1cs, wtns, prefix]) {
  const zkey = prefix + ".zkey";
  await snarkjs.zKey.newZKey(r1cs, await powersOfTau(), zkey);
  const key = await snarkjs.zKey.exportVerificationKey(zkey);
  const { proof, publicSignals } = await snarkjs.groth16.prove(zkey, wtns);
  for (const [name, content] of Object.entries({ key, proof, public: publicSignals }))
    fs.writeFileSync(prefix + "." + name + ".json", JSON.stringify(content));
  return snarkjs.groth16.verify(key, publicSignals, proof);
}

const calls = {
  verify, circuit,
  ...Object.fromEntries(["plonk", "fflonk"].map((system) => [system, async (given) =>
    snarkjs[system].verify(...given.map((text) => JSON.parse(text)))])),
  setup: async ([r1cs, ptau, zkey]) => Buffer.from(await snarkjs.zKey.newZKey(r1cs, ptau, zkey)).toString("hex"),
  contribute: async ([before, after, name]) =>
    Buffer.from(await snarkjs.zKey.contribute(before, after, name, "entropy")).toString("hex"),
  beacon: async ([before, after, event, exponent, name]) =>
    Buffer.from(await snarkjs.zKey.beacon(before, after, name, event, exponent)).toString("hex"),
  check: async ([r1cs, ptau, zkey]) => snarkjs.zKey.verifyFromR1cs(r1cs, ptau, zkey),
};

console.log = console.error; // stdout is for the answers
(async () => {
  await snarkjs.curves.getCurveFromName("bn128", { singleThread: true });
  const answers = [];
  for (const call of JSON.parse(fs.readFileSync(file, "utf8"))) {
    const [name, given] = Object.entries(call)[0];
    try {
      answers.push(await calls[name](given));
    } catch (error) {
      answers.push(String(error));
    }
  }
  process.stdout.write(JSON.stringify(answers), () => process.exit(0));
})();
