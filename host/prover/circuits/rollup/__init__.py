"""A ledger of accounts with keys: signed transfers, and the circuit that proves a batch of them."""
