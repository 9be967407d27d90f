"""Numbers in JSON, in every spelling that snarkjs reads.

A number is a string of decimal digits, a string of hexadecimal digits behind 0x, or a number of
JSON's, which JavaScript keeps in double precision. Any other text is hexadecimal for snarkjs too,
as far as it goes: its last 64 characters, in words of eight, of which each counts up to its first
character that is no digit.
"""

import re

_DECIMAL = re.compile(r"[0-9]+")
_HEXADECIMAL = re.compile(r"0x[0-9a-fA-F]+")
_BASES = ((re.compile(r"[+-]?[0-9]+"), 10), (re.compile(r"0[xX][0-9a-fA-F]+"), 16),
          (re.compile(r"0[oO][0-7]+"), 8), (re.compile(r"0[bB][01]+"), 2))
_WORD = re.compile(r"\s*([+-]?)(?:0[xX])?([0-9a-fA-F]+)")

DIGITS = 64
"""Hexadecimal digits that snarkjs keeps of a coordinate: 256 bits."""

_WORD_DIGITS = 8

MOST_DIGITS = 4300
"""Decimal digits of a number at most: longer ones take a time that grows with their square."""


def plain_number(value: object) -> int | None:
    """The number that a value in a JSON file spells out, None if it is no number.

    Decimal digits, hexadecimal ones behind 0x, or a JSON number without a fraction.
    """
    if isinstance(value, str):
        if _HEXADECIMAL.fullmatch(value):
            return int(value, 16)
        if _DECIMAL.fullmatch(value):
            digits = value.lstrip("0") or "0"
            return int(digits) if len(digits) <= MOST_DIGITS else None
    elif isinstance(value, float):
        return int(value) if value.is_integer() else None
    elif isinstance(value, int) and not isinstance(value, bool):
        return value
    return None


def is_exact(value: object) -> bool:
    """Whether JavaScript reads `value` as the number it spells, which has at most 53 bits then."""
    try:
        return not isinstance(value, int) or int(float(value)) == value
    except OverflowError:
        return False


def coordinate(value: object) -> int | None:
    """What snarkjs takes `value` for where it stands for a coordinate; None if it is no number.

    Of a number it keeps the low 256 bits.
    """
    number = plain_number(value)
    if isinstance(value, int) and number is not None:
        try:
            number = int(float(number))
        except OverflowError:
            return None
    if number is not None:
        return number % (1 << 4 * DIGITS) if number >= 0 else None
    return _leading_digits(value) if isinstance(value, str) else None


def signal(value: object) -> int | None:
    """The public signal that `value` spells, of any size and sign; None if it is no number.

    Where a text is not plain digits, snarkjs checks the number that JavaScript finds in it and
    computes with the one that `coordinate` does; it is a number only where both are the same.
    """
    number = plain_number(value)
    if number is None and isinstance(value, str) and len(value) <= MOST_DIGITS:
        text = value.strip()
        for digits, base in _BASES:
            if digits.fullmatch(text):
                number = int(text, base)
        if number is not None and number >= 0 and number != _leading_digits(value):
            return None
    return number


def _leading_digits(text: str) -> int:
    """The number in a text as snarkjs finds it."""
    text = text.rjust(DIGITS, "0")[-DIGITS:]
    number = 0
    for start in range(0, DIGITS, _WORD_DIGITS):
        found = _WORD.match(text[start:start + _WORD_DIGITS])
        word = int(found[1] + found[2], 16) if found is not None else 0
        number = number << 4 * _WORD_DIGITS | word % (1 << 4 * _WORD_DIGITS)
    return number
