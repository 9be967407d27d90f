"""One client for Ethereum virtual machines: in this process, or behind JSON-RPC."""
