"""Golden models in plain integers, and the RTL as a library."""
