"""Signed transfers on their way into a block: the pool, what keeps it, who makes them."""
