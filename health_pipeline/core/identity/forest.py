"""Disjoint sets of records as an array of labels: the least record stands for its set."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from health_pipeline.core.identity.components import components

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


def united(labels: Ints, left: Ints, right: Ints) -> Ints:
    """`labels` once every pair (left, right) is in one set."""
    one, other = labels[left], labels[right]
    apart = one != other  # most rules find most of their records in one set already
    one, other = one[apart], other[apart]
    if not one.size:
        return labels
    met = np.zeros(labels.size, dtype=np.bool_)
    met[one] = met[other] = True
    sets = np.flatnonzero(met)
    place = np.cumsum(met) - 1
    count, component = components(place[one], place[other], sets.size)
    least = np.empty(count, dtype=np.int64)
    least[component[::-1]] = sets[::-1]  # of several writes the last one stays
    found = np.arange(labels.size)
    found[sets] = least[component]
    return found[labels]


class Forest:
    """A few sets, joined one pair at a time, with those that a person keeps apart.

    Args:
        apart: (label, label, why) of sets that must not become one.
    """

    def __init__(self, apart: Iterable[tuple[int, int, str]] = ()) -> None:
        self._parent: dict[int, int] = {}
        self._foes: dict[int, list[tuple[int, str]]] = {}
        for left, right, why in apart:
            self._foes.setdefault(left, []).append((right, why))
            self._foes.setdefault(right, []).append((left, why))

    def find(self, label: int) -> int:
        """The least label of the set of `label`."""
        while (parent := self._parent.get(label, label)) != label:
            self._parent[label] = self._parent.get(parent, parent)
            label = parent
        return label

    def kept_apart(self, left: int, right: int) -> str | None:
        """Why the sets of both may not become one; None when they may."""
        one, other = self.find(left), self.find(right)
        whys = [why for foe, why in self._foes.get(one, ()) if self.find(foe) == other]
        return min(whys, default=None)

    def join(self, left: int, right: int) -> None:
        """Make the sets of both one."""
        low, high = sorted((self.find(left), self.find(right)))
        if low != high:
            self._parent[high] = low
            self._foes.setdefault(low, []).extend(self._foes.pop(high, []))
