"""FFLONK over BN254, with snarkjs' files: keys, proofs, the prover and the verifier."""
