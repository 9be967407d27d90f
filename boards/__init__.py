"""Boards, their builds, and what was measured of them."""
