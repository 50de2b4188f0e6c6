"""Chance that can be repeated: numbers made by hashing, not drawn from a state."""

from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

Words = NDArray[np.uint64]

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
_FRACTION = 2.0**-53


def key(*words: str) -> int:
    """64 bits that stand for these words."""
    digest = blake2b("\0".join(words).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big")


def fractions(keys: Words, moment: int) -> NDArray[np.float64]:
    """A number from 0 to below 1 for each key at a moment; the same again for the same two."""
    with np.errstate(over="ignore"):
        mixed = _mix(keys + _mix(np.array([moment % 2**64], dtype=np.uint64)))
    return (mixed >> np.uint64(11)).astype(np.float64) * _FRACTION


def _mix(words: Words) -> Words:
    """Steele, Lea, Flood: "Fast splittable pseudorandom number generators" (SplitMix64)."""
    words = words + _GOLDEN
    words = (words ^ (words >> np.uint64(30))) * _MIX_1
    words = (words ^ (words >> np.uint64(27))) * _MIX_2
    return words ^ (words >> np.uint64(31))
