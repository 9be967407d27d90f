"""The accelerator in Amaranth: one component a file, parameters as frozen dataclasses."""
