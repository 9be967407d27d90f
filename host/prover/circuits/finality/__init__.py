"""Certificates of finality: who voted, with how much stake, from one checkpoint to another."""
