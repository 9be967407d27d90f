"""What can be multiplied in a measurement: kinds of scalars and of points."""

KINDS = {
    "uniform": "every scalar random",
    "equal": "all scalars the same",
    "two": "one of two scalars",
    "binary": "0 or 1",
    "hot": "nine in ten the same, the rest random",
    "bucket": "every digit of every scalar the same: one bucket in every window",
    "small": "16 bits",
    "witness": "seven in ten 0 or 1, one of 16 bits, the rest random",
}
"""Kinds of scalars."""

BASES = {
    "random": "all points different",
    "repeated": "all points the same",
    "cancelling": "P and -P in turn",
    "infinity": "every fourth point at infinity",
}
"""Kinds of points."""

MOST_POINTS = (1 << 32) - 1
"""An accelerator counts to so many."""

CIRCUITS = {
    "mixed": "all coefficients are 1, as where most wires are bits",
    "dense": "three random coefficients a row of A and of B, as a hash function's linear layers "
             "have them"}
"""Circuits that can be made, and what they are."""
