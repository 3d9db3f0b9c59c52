"""The log on several nodes, which agree through one register of ``lin-kv``.

All that is ever done to the log is one sequence of *entries* (a send, or a commit), in *batches*. The last batches
stand in the register, the earlier ones in *chapters*, each at a key of its own, which never change. Who wants to add
a batch swaps the register by compare-and-set, so there is one sequence; every node obeys it from the start, entry by
entry, and so all come to the same log, offsets and committed offsets. An entry has a number of its own, and counts
where it comes first. So it may be offered by several nodes, or twice, and still happens once.

| module | what is in it |
|---|---|
| `kafkasim.cluster.bodies` | entries, batches, and what nodes say to ``lin-kv`` and to each other |
| `kafkasim.cluster.replica` | what a node knows of the sequence, and the log that follows from it |
| `kafkasim.cluster.offers` | which entries are to come into the log, and who is told once they are there |
| `kafkasim.cluster.wishes` | when a node tells in ``lin-kv`` what it cannot append itself, and who reads that |
| `kafkasim.cluster.errands` | what a node has asked others and was not answered yet, and who stays silent |
| `kafkasim.cluster.service` | when it appends, whom it asks to, and when what it knows is fresh enough for an answer |

Why so, and what it costs: ``docs/decisions/0007-cluster-through-one-register.md``.
"""
