"""A node: duties, proofs, peers, and what must survive its end."""
