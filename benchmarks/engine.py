"""How the ways to lock a log compare, and what the engine's own way costs and saves. Under a minute.

    python -m benchmarks.engine             the figures of docs/decisions/0002-locking.md
    python -m benchmarks.engine --longer    appends beside large polls long enough for queues to form: minutes
    python -m benchmarks.engine --quick     a few operations, to see that it works

Four threads send and poll; the designs (``engine_designs.py``) take turns within each round, each ratio is to
a yardstick of the same round, and what is shown is the median over the rounds. Speeds are operations per second of
CPU: some thread always runs, and what others do on the machine counts less. Trust the ratios.

Under the global interpreter lock threads take turns anyway, so no design gains speed by letting readers read at
once; what can be lost is the time for locking, and that of waiting for somebody who holds a lock and was put
aside. The second shows as the wait of appends beside large polls.
"""

from __future__ import annotations

import argparse
import gc
import threading
import time
import tracemalloc
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from random import Random
from statistics import median
from typing import Any, Final

import msgspec
from msgspec import Raw

from benchmarks.engine_designs import DESIGNS, ONE_LOCK, SHIPPED, SHIPPED_UNLOCKED, UNLOCKED, Log
from kafkasim import LogEngine

THREADS: Final = 4
KEYS: Final = tuple(f"k{number}" for number in range(10))
POLL_LIMIT: Final = 10
LARGE_POLL: Final = 10_000
AIM_OF_POLLS: Final = 0.8
AIM_OF_APPENDS: Final = 1 / 20


@dataclass(frozen=True)
class Size:
    """How much is measured."""

    rounds: int
    operations: int
    """Of each thread, each design and mix, each round."""
    rounds_of_waits: int
    """Fewer and longer: threads that queue for a lock go on doing so once they have begun."""
    appends: int
    """Beside large polls, of each design, each of these rounds."""
    patience: float
    """The seconds after which no more of these appends are begun."""
    messages: int
    """Of the logs whose memory is measured."""


FULL: Final = Size(rounds=5, operations=3_000, rounds_of_waits=3, appends=100, patience=0.5, messages=100_000)
LONGER: Final = Size(rounds=5, operations=3_000, rounds_of_waits=4, appends=300, patience=2.0, messages=100_000)
QUICK: Final = Size(rounds=1, operations=50, rounds_of_waits=1, appends=2, patience=0.0, messages=1_000)


@dataclass
class Figures:
    """What was measured of each design, one entry a round."""

    of: dict[str, list[float]] = field(default_factory=lambda: {name: [] for name in DESIGNS})

    def ratio(self, name: str, yardstick: str) -> float:
        """The median, over the rounds, of the design's figure divided by the yardstick's."""
        return median(mine / its for mine, its in zip(self.of[name], self.of[yardstick], strict=True))

    def typical(self, name: str) -> float:
        """The median over the rounds."""
        return median(self.of[name])


def own_yardstick(name: str) -> str:
    """Whose speed a design's is divided by: the same work without a lock."""
    return SHIPPED_UNLOCKED if name in (SHIPPED, SHIPPED_UNLOCKED) else UNLOCKED


# --------------------------------------------------------------------------------------
# Throughput
# --------------------------------------------------------------------------------------

Plan = list[tuple[str, dict[str, int] | None]]
"""Operations of one thread: a key to send to, or offsets to poll from."""


def plan(seed: int, operations: int, reads: float, keys_a_poll: int) -> Plan:
    """What one thread does; the same for every design."""
    drawn = Random(seed).random
    steps: Plan = []
    for _ in range(operations):
        first = int(drawn() * len(KEYS))
        keys = [KEYS[(first + more) % len(KEYS)] for more in range(keys_a_poll)]
        poll = drawn() < reads
        steps.append((keys[0], {key: 900 + int(drawn() * 100) for key in keys} if poll else None))
    return steps


def filled(design: Callable[[], Log]) -> Log:
    """A log of the design with a thousand messages in each key."""
    log = design()
    for key in KEYS:
        for number in range(1000):
            log.send(key, number)
    return log


def run_threads(bodies: Sequence[Callable[[], object]]) -> float:
    """Runs the bodies in threads that start at once; the seconds of CPU that it took until the last had ended."""
    start = threading.Barrier(len(bodies) + 1)

    def live(body: Callable[[], object]) -> None:
        start.wait()
        body()

    threads = [threading.Thread(target=live, args=(body,)) for body in bodies]
    for thread in threads:
        thread.start()
    start.wait()
    began = time.process_time()
    for thread in threads:
        thread.join()
    return time.process_time() - began


def operations_per_second(design: Callable[[], Log], plans: Sequence[Plan]) -> float:
    """The speed of all threads together, per second of CPU."""
    log = filled(design)

    def body(steps: Plan) -> None:
        send, poll = log.send, log.poll
        for key, offsets in steps:
            if offsets is None:
                send(key, None)
            else:
                poll(offsets, POLL_LIMIT)

    seconds = run_threads([partial(body, steps) for steps in plans])
    return sum(map(len, plans)) / seconds


def measure_throughput(size: Size, reads: float, keys_a_poll: int) -> Figures:
    """Operations per second of CPU, of every design."""
    figures = Figures()
    plans = [plan(thread, size.operations, reads, keys_a_poll) for thread in range(THREADS)]
    for _ in range(size.rounds):
        for name, design in DESIGNS.items():
            figures.of[name].append(operations_per_second(design, plans))
    return figures


# --------------------------------------------------------------------------------------
# Appends beside large polls
# --------------------------------------------------------------------------------------


def append_waits(design: Callable[[], Log], size: Size, keys_a_poll: int) -> list[float]:
    """How long each append took, in microseconds, while three threads polled 10,000 messages again and again."""
    log = design()
    offsets = dict.fromkeys(KEYS[:keys_a_poll], 0)
    for key in offsets:
        for number in range(LARGE_POLL // keys_a_poll):
            log.send(key, number)
    over = threading.Event()
    waits: list[float] = []

    def append() -> None:
        deadline = time.perf_counter() + size.patience
        while len(waits) < size.appends and (time.perf_counter() < deadline or not waits):
            time.sleep(0.001)
            began = time.perf_counter_ns()
            log.send(KEYS[0], None)
            waits.append((time.perf_counter_ns() - began) / 1000)
        over.set()

    def poll() -> None:
        while not over.is_set():
            log.poll(offsets, LARGE_POLL // keys_a_poll)

    run_threads([append, *[poll] * (THREADS - 1)])
    return waits


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest of the values that is not below so large a share of them."""
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def measure_append_waits(size: Size, keys_a_poll: int) -> dict[str, list[float]]:
    """The waits, in microseconds, of every design, over all rounds."""
    waits: dict[str, list[float]] = {name: [] for name in DESIGNS if name != SHIPPED_UNLOCKED}
    for _ in range(size.rounds_of_waits):
        for name, of_design in waits.items():
            of_design.extend(append_waits(DESIGNS[name], size, keys_a_poll))
    return waits


# --------------------------------------------------------------------------------------
# Memory
# --------------------------------------------------------------------------------------


def bytes_a_message(keep: Callable[[bytes], object], count: int) -> float:
    """What a message of 100 bytes costs once it is kept."""
    payloads = [b'"%098d"' % number for number in range(count)]
    gc.collect()
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        for payload in payloads:
            keep(payload)
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    return (after - before) / count


def measure_memory(size: Size) -> dict[str, float]:
    """Bytes a message, by how it is kept; as Python asks for them (its allocator rounds each object up to 16)."""
    pairs: list[tuple[int, Any]] = []
    of_bytes, of_text, of_raw = LogEngine(), LogEngine(), LogEngine()
    decode = msgspec.json.Decoder(Raw).decode
    return {
        "a list of (offset, bytes) pairs": bytes_a_message(
            lambda payload: pairs.append((len(pairs), bytes(bytearray(payload)))), size.messages
        ),
        f"{SHIPPED}, messages as bytes": bytes_a_message(
            lambda payload: of_bytes.send("k", bytes(bytearray(payload))), size.messages
        ),
        f"{SHIPPED}, messages as text": bytes_a_message(
            lambda payload: of_text.send("k", payload.decode()), size.messages
        ),
        f"{SHIPPED}, messages as msgspec.Raw": bytes_a_message(
            lambda payload: of_raw.send("k", decode(payload).copy()), size.messages
        ),
    }


# --------------------------------------------------------------------------------------
# The report
# --------------------------------------------------------------------------------------


def show_throughput(title: str, mixes: dict[str, Figures]) -> None:
    """A table: the designs down, the mixes across, each speed as a share of the same work without a lock."""
    print(f"\n{title}\n")
    print(f"| {'design':32} |" + "".join(f" {mix:>9} |" for mix in mixes) + " thousand/s |")
    print(f"|{'-' * 34}|" + "----------:|" * len(mixes) + "-----------:|")
    shown = mixes["90% polls"]
    for name in DESIGNS:
        shares = "".join(f" {figures.ratio(name, own_yardstick(name)):9.2f} |" for figures in mixes.values())
        print(f"| {name:32} |{shares} {shown.typical(name) / 1000:10.0f} |")


def show_append_waits(title: str, waits: dict[str, list[float]]) -> None:
    """A table of the waits."""
    print(f"\n{title}\n")
    print(f"| {'design':32} | {'median':>9} | {'p99':>9} | p99, of one lock's |")
    print(f"|{'-' * 34}|----------:|----------:|-------------------:|")
    for name, mine in waits.items():
        p99 = percentile(mine, 0.99)
        print(f"| {name:32} | {median(mine):9.1f} | {p99:9.1f} | {p99 / percentile(waits[ONE_LOCK], 0.99):18.5f} |")


def show_memory(memory: dict[str, float]) -> None:
    """A table of the bytes a message."""
    print("\nMemory of a message of 100 bytes\n")
    print(f"| {'kept as':46} | bytes |")
    print(f"|{'-' * 48}|------:|")
    for how, size in memory.items():
        print(f"| {how:46} | {size:5.0f} |")


def show_aims(one_key: dict[str, Figures], waits: dict[str, list[float]]) -> None:
    """Whether the engine reaches what it is meant to."""
    speed = one_key["90% polls"].ratio(SHIPPED, SHIPPED_UNLOCKED)
    share = percentile(waits[SHIPPED], 0.99) / percentile(waits[ONE_LOCK], 0.99)
    print(f"\n{SHIPPED}:")
    print(f"  90 % polls of one key, of the speed without a lock: {speed:.2f} (aim: >= {AIM_OF_POLLS})")
    print(f"  appends' 99th percentile, of one lock's: {share:.5f} (aim: <= {AIM_OF_APPENDS})")


def main(arguments: Sequence[str] | None = None) -> None:
    """Measures and prints everything."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    choice = parser.add_mutually_exclusive_group()
    choice.add_argument("--longer", dest="size", action="store_const", const=LONGER, help="longer waits: minutes")
    choice.add_argument("--quick", dest="size", action="store_const", const=QUICK, help="to see that it works")
    size: Size = parser.parse_args(arguments).size or FULL
    one_key = {f"{share:.0%} polls": measure_throughput(size, share, 1) for share in (0.5, 0.9, 0.99)}
    show_throughput(
        f"{THREADS} threads, polls of one key, at most {POLL_LIMIT} messages: share of the speed without a lock",
        one_key,
    )
    show_throughput("The same, polls of three keys", {"90% polls": measure_throughput(size, 0.9, 3)})
    waits = measure_append_waits(size, 1)
    show_append_waits(
        f"Microseconds of an append beside {THREADS - 1} threads that poll {LARGE_POLL} of one key", waits
    )
    show_append_waits("The same, polled of three keys", measure_append_waits(size, 3))
    show_memory(measure_memory(size))
    show_aims(one_key, waits)


if __name__ == "__main__":
    main()
