"""Proving on this machine's processor: a native library, and what Python needs to call it.

The library (`source/`) is C functions without a C++ runtime. One template is compiled for several
vector classes, and the best one the processor runs is taken when it is loaded. Nothing here imports
NumPy: a proof of a small circuit takes less time than that import.
"""
