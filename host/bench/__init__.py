"""The figures of the README, each measured by a function here; ``proofmill bench`` prints them."""
