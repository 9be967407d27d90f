"""Attacks on the mechanism, played and measured: what each earns, with its defence and without."""
