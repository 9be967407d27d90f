"""The circuits the node proves: an R1CS builder, Poseidon, gadgets, the ledger and its block."""
