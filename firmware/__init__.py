"""Microprograms of the field processor, their assembler and disassembler."""
