"""Proofs of the units, by induction: components that assert, for yowasp-sby and a solver."""
