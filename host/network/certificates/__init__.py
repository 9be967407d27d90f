"""Companion keys, certificates of finality, and what follows from them."""
