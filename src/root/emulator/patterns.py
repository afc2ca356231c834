"""Patterns of integers in the JSON Schemas of fields."""

from __future__ import annotations

__all__ = ["integers"]


def integers(minimum: int, maximum: int) -> str:
    """Return a pattern of the integers of a range, with signs and zeros before them."""
    signed: list[str] = []
    if maximum >= 0:
        signed.append(rf"\+?0{{0,9}}(?:{'|'.join(_range(max(minimum, 0), maximum))})")
    if minimum < 0:
        signed.append(f"-0{{0,9}}(?:{'|'.join(_range(max(-maximum, 1), -minimum))})")
    if minimum <= 0 <= maximum:
        signed.append("-0{1,9}")
    return f"(?:{'|'.join(signed)})"


def _range(minimum: int, maximum: int) -> list[str]:
    """Return patterns of the digits of the numbers of a range."""
    patterns: list[str] = []
    for length in range(len(str(minimum)), len(str(maximum)) + 1):
        lowest = max(minimum, 0 if length == 1 else 10 ** (length - 1))
        highest = min(maximum, 10**length - 1)
        patterns += _same_length(str(lowest), str(highest))
    return patterns


def _same_length(lowest: str, highest: str) -> list[str]:
    """Return patterns of the numbers between two numbers of the same length."""
    first, last, rest = lowest[0], highest[0], len(lowest) - 1
    if lowest.strip("0") == highest.strip("9") == "":
        return [f"[0-9]{{{len(lowest)}}}"]
    if not rest:
        return [f"[{first}-{last}]"]
    if first == last:
        return [f"{first}{digits}" for digits in _same_length(lowest[1:], highest[1:])]
    patterns = [f"{first}{digits}" for digits in _same_length(lowest[1:], "9" * rest)]
    if int(last) - int(first) > 1:
        patterns.append(f"[{int(first) + 1}-{int(last) - 1}][0-9]{{{rest}}}")
    return patterns + [f"{last}{digits}" for digits in _same_length("0" * rest, highest[1:])]
