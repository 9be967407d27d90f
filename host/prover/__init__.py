"""Files of circom and snarkjs in, proofs out: curves, devices, Groth16, circuits."""
