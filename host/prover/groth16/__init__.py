"""Groth16 on BN254 as circom and snarkjs have it: their files, the prover, the verifier."""
