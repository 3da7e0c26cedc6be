"""Connected components of a graph that is given as its edges."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def components(
    left: NDArray[np.int64], right: NDArray[np.int64], size: int
) -> tuple[int, NDArray[np.int32]]:
    """How many components `size` nodes form, and that of each node, as a number from 0.

    Args:
        left: one end of each edge, a node from 0 to `size` - 1.
        right: its other end.
        size: the nodes.
    """
    # Loading scipy takes half as long as loading Dagster, and most commands need none of it.
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    edges = (np.ones(left.size, dtype=np.int8), (left, right))
    graph = coo_array(edges, shape=(size, size)).tocsr()
    count, component = connected_components(graph, directed=False)
    return count, component
