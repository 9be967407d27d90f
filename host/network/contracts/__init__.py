"""The mechanism in Vyper, its deployment, and the verifier made for a key."""
