"""Proof of stake as specified, in one process: chain, duties, proof engine, miner."""
