"""Circles of operations each of which must have come before the next, as Jepsen's checker finds them: its ``G1c``.

One comes before another where it sent what the other read, or had ended when the other began. So a circle is a message
read before its send began; or, where transactions both send and read, several that read from each other.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from functools import partial

from kafkasim.checkers.ends import NEVER, ended
from kafkasim.checkers.evidence import ended_before
from kafkasim.checkers.index import Index
from kafkasim.checkers.jepsen.reckoning import Message, Reckoning, Transaction, reckon
from kafkasim.checkers.registry import Finding
from kafkasim.checkers.verdict import Example
from kafkasim.checkers.words import after, ended_at, listed, who
from kafkasim.forms import show


def find_circles(index: Index) -> Iterator[Finding]:
    """A poll returned a message whose every send began after the poll had ended, or transactions read from each other.

    One finding a set of operations that all lie on circles with each other.
    """
    reckoning = reckon(index)
    nodes = [transaction for transaction in reckoning.transactions if transaction.sends or transaction.op.f == "poll"]
    if not any(node.sends and node.reads for node in nodes) and not any(map(_is_early, _reads(reckoning, nodes))):
        return  # nothing can close a circle
    reads = list(_reads(reckoning, nodes))
    place_of = {id(node): place for place, node in enumerate(nodes)}
    following = _in_time(nodes)
    for writer, reader, _, _ in reads:
        following[place_of[id(writer)]].append(place_of[id(reader)])
    circles = [sorted(place for place in component if place < len(nodes)) for component in components(following)]
    circle_of = {place: number for number, circle in enumerate(circles) for place in circle}
    proofs: dict[int, list[Read]] = {}
    for read in reads:
        of_writer, of_reader = (circle_of[place_of[id(transaction)]] for transaction in read[:2])
        if of_writer == of_reader:
            proofs.setdefault(of_writer, []).append(read)
    for number, proof in proofs.items():
        yield Finding(proof[0][2], partial(_explain, [nodes[place] for place in circles[number]], proof))


Read = tuple[Transaction, Transaction, str, Message]
"""Who sent a message, who read it, its key, and itself."""


def _reads(reckoning: Reckoning, nodes: list[Transaction]) -> Iterator[Read]:
    for reader in nodes:
        for key, messages in reader.reads.items():
            writer_of = reckoning.logs[key].writer
            for message in messages:
                writer = writer_of[message.identity]
                if writer is not reader:
                    yield writer, reader, key, message


def _is_early(read: Read) -> bool:
    """Whether the message was read before its send began."""
    writer, reader, _, _ = read
    return ended_before(reader.op, writer.op.begin_event)


def _in_time(nodes: list[Transaction]) -> list[list[int]]:
    """For each node those that began after it had ended: by way of one more node for each end, in order of time."""
    ends = sorted((ended(node.op), place) for place, node in enumerate(nodes) if ended(node.op) < NEVER)
    times = [end for end, _ in ends]
    following: list[list[int]] = [[] for _ in range(len(nodes) + len(ends))]
    for rank, (_, place) in enumerate(ends):
        following[place].append(len(nodes) + rank)
        if rank:
            following[len(nodes) + rank - 1].append(len(nodes) + rank)
    for place, node in enumerate(nodes):
        before = bisect_left(times, node.op.begin_event)
        if before:
            following[len(nodes) + before - 1].append(place)
    return following


def components(following: list[list[int]]) -> Iterator[list[int]]:
    """The strongly connected components of a graph: R. Tarjan's algorithm (1972), without recursion.

    >>> [sorted(component) for component in components([[1], [2], [0], [0]])]
    [[0, 1, 2], [3]]
    """
    found_at: list[int] = [-1] * len(following)
    lowest: list[int] = [0] * len(following)
    waiting: list[int] = []
    is_waiting = [False] * len(following)
    count = 0
    for root in range(len(following)):
        path = [(root, 0)] if found_at[root] < 0 else []
        while path:
            node, next_edge = path.pop()
            if next_edge == 0:
                found_at[node] = lowest[node] = count
                count += 1
                waiting.append(node)
                is_waiting[node] = True
            else:
                lowest[node] = min(lowest[node], lowest[following[node][next_edge - 1]])
            while next_edge < len(following[node]):
                other = following[node][next_edge]
                next_edge += 1
                if found_at[other] < 0:
                    path += [(node, next_edge), (other, 0)]
                    break
                if is_waiting[other]:
                    lowest[node] = min(lowest[node], found_at[other])
            else:
                if lowest[node] == found_at[node]:
                    component: list[int] = []
                    while not component or component[-1] != node:
                        component.append(waiting.pop())
                        is_waiting[component[-1]] = False
                    yield component


def _explain(members: list[Transaction], reads: list[Read]) -> Example:
    for read in reads:
        if _is_early(read):
            writer, reader, key, message = read
            payload = show(message.payload)
            return Example(
                f"{who(reader.op)} polled message {payload} of key {show(key)} by {ended_at(reader.op)}, but "
                f"{who(writer.op)} began to send it {after(reader.op, writer.op)}",
                (reader.op.index, writer.op.index),
            )
    told = listed(reads, _told)
    return Example(
        f"{told}: each of these must have come before another of them, and so before itself",
        tuple(member.op.index for member in members),
    )


def _told(read: Read) -> str:
    writer, reader, _, message = read
    return f"{who(reader.op)} read {show(message.payload)} of {who(writer.op)}"
