"""Arithmetic on BN254 (alt_bn128) on this machine's processor.

Points live in NumPy arrays laid out as a ``.zkey`` stores them; see `host.prover.curve.points`. The
curve arithmetic is mcl's, opened in `host.prover.curve.mcl` alone; the scalar field's is
zk_dtypes', in `host.prover.curve.scalars` alone.
"""
