"""Proving on many machines: a queue that a node keeps, and workers that take from it."""
