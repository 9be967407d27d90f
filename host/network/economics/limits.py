"""How large a simulation may be: a file of its own, since the command line asks first."""

MOST_SLOTS = 1_000_000
MOST_PROVERS = 100_000
MOST_VOTERS = 4_096
"""Validators whose votes are followed one by one."""
