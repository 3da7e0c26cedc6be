"""Since when each record is known to belong to its account."""

from __future__ import annotations

import numpy as np
import polars as pl

from health_pipeline.core.identity.forest import Bools, Ints


def known_to_belong(
    known_at: pl.Series, links: pl.DataFrame, roots: Bools, labels: Ints
) -> pl.Series:
    """Since when each record is known to belong to its account.

    A record belongs as soon as a chain of known links leads to a root (the anchor, and every
    record whose id was ever published); roots belong from their own first day. That day is the
    least, over all chains, of the latest link of the chain: the path along a minimum spanning tree
    by known_at, rooted in a node that every root touches.

    Args:
        known_at: of each record.
        links: left, right, known_at.
        roots: of each record, whether it is a root; each set holds at least one.
        labels: of each record, its set.
    """
    own = known_at.to_physical().to_numpy()
    left = np.zeros(own.size, dtype=np.bool_)  # sets of which one record is not settled
    left[labels[~_from_the_start(own, links, roots)]] = True
    links = links.filter(pl.Series(left[labels[links["left"].to_numpy()]]))
    if links.is_empty():
        return known_at
    times, rank = np.unique(links["known_at"].to_physical().to_numpy(), return_inverse=True)
    ends = [links[side].to_numpy() for side in ("left", "right")]
    edges = (
        pl.DataFrame({"l": np.minimum(*ends), "r": np.maximum(*ends), "rank": rank + 2})
        # Of several links between two records the first known one counts.
        .group_by("l", "r")
        .agg(pl.col("rank").min())
    )
    up, parent = _tree(edges, np.flatnonzero(roots), own.size)
    while (parent[parent] != parent).any():
        up = np.maximum(up, up[parent])
        parent = parent[parent]
    since = np.where(up > 1, times[np.maximum(up - 2, 0)], own)
    return pl.Series(known_at.name, np.maximum(own, since)).cast(known_at.dtype)


def _from_the_start(own: Ints, links: pl.DataFrame, roots: Bools) -> Bools:
    """Records that surely belong from their own first day: links that old lead to a root.

    Nearly all do, and the tree is made for the sets of the others alone.
    """
    ends = [links[side].to_numpy() for side in ("left", "right")]
    at = links["known_at"].to_physical().to_numpy()
    settled, count = roots.copy(), -1
    ways = []
    for one, other in (ends, ends[::-1]):
        open_ = np.flatnonzero(~roots[other])
        start, end = one[open_], other[open_]
        ripe = np.maximum(at[open_], own[start]) <= own[end]
        ways.append((start[ripe], end[ripe]))
    while (found := int(settled.sum())) > count:
        count = found
        for one, other in ways:
            settled[other[settled[one]]] = True
    return settled


def _tree(edges: pl.DataFrame, roots: Ints, size: int) -> tuple[Ints, Ints]:
    """Weight of the edge to its parent, and the parent, of every record.

    A root is its own parent, and so is a record of no edge. Edges from one node beside all records
    to `roots` weigh 1, less than any link, so every root is a child of that node.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import breadth_first_order, minimum_spanning_tree

    left, right, weight = (edges[name].to_numpy() for name in ("l", "r", "rank"))
    rows = np.concatenate([left, roots])
    cols = np.concatenate([right, np.full(roots.size, size)])
    data = np.concatenate([weight, np.ones(roots.size)]).astype(np.float64)
    graph = coo_array((data, (rows, cols)), shape=(size + 1, size + 1))
    tree = minimum_spanning_tree(graph.tocsr()).tocoo()
    _, before = breadth_first_order(tree.tocsr(), size, directed=False, return_predecessors=True)
    parent = before[:-1].astype(np.int64)
    parent[roots] = roots
    outside = np.flatnonzero(parent < 0)  # of no edge
    parent[outside] = outside
    up = np.ones(size + 1, dtype=np.int64)
    down = before[tree.row] == tree.col  # the row is the child, else the column is
    up[np.where(down, tree.row, tree.col)] = tree.data
    return up[:-1], parent
