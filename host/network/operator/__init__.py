"""A node as a service: its settings, keys and clock, and what it tells its operator."""
