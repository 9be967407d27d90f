"""What runs on a computer: the ground, the prover, the network, and the commands."""
