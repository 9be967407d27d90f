"""Many Groth16 proofs of one key as one object of logarithmic size (SnarkPack)."""
