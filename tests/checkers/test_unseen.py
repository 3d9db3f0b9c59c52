"""Unseen, reader by reader: the checker agrees with its definition, spelt out in loops, on random small histories."""

from __future__ import annotations

from typing import Final

import pytest
from msgspec.structs import replace

from kafkasim.anomalies.notation import build
from kafkasim.checkers import check
from kafkasim.history import History, Operation, Promises
from tests.checkers.naive_runs import Draws

KEY: Final = "k1"
READERS: Final = ("ann", "ben", "cat")
PASSED_OVER: Final = {"int-poll-skip", "wrong-start", "lost-write"}


def random_history(seed: int, *, whole_logs: bool = False) -> History:
    """Sends and polls of one key, at the end or among them the final polls of up to three readers, each by itself.

    What polls return is drawn: an early end, messages left out. ``whole_logs``: all begin at the start and return
    everything.
    """
    draws = Draws(seed)
    offsets = sorted({draws.below(6) for _ in range(1 + draws.below(5))})
    sends = [f"send {KEY} {offset} -> {offset if draws.chance(0.8) else 'lost'}" for offset in offsets]
    known: list[int] = []
    lines: list[str] = []
    for number, send in enumerate(sends):
        late = draws.chance(0.1)  # acknowledged when all is over
        lines.append(f"s{number} {send.partition(' -> ')[0]} ..." if late else f"s{number} {send}")
        known.append(offsets[number])
        if draws.chance(0.4):
            lines += _reading(draws, "dan", known, final=False, whole_logs=whole_logs)
        if draws.chance(0.1):
            lines += _reading(draws, draws.one_of(READERS), known, final=True, whole_logs=whole_logs)
    for reader in READERS[: 1 + draws.below(3)]:
        if draws.chance(0.1):
            lines.append(f"{reader} final poll {KEY}:0 -> lost")
        lines += _reading(draws, reader, known, final=True, whole_logs=whole_logs)
    lines += [f"{line.split()[0]} -> {line.split()[3]}" for line in lines if line.endswith("...")]
    promises = Promises(offsets="sparse", poll_limit_known=False)
    return build(*lines, complete=KEY, promises=promises, consistency="kafka")


def _reading(draws: Draws, reader: str, offsets: list[int], *, final: bool, whole_logs: bool) -> list[str]:
    """One or two polls, from the start on or, now and then, from above it."""
    position, end = 0, 6
    if not whole_logs:
        position = draws.below(4) if draws.chance(0.15) else 0
        end = draws.below(7) if draws.chance(0.5) else 6
    lines = []
    for _ in range(1 + draws.below(2)):
        there = [offset for offset in offsets if position <= offset < end and (whole_logs or draws.chance(0.9))]
        some = there[: draws.below(3)] if draws.chance(0.3) and not whole_logs else there
        answer = f"{KEY} {' '.join(f'{offset}={offset}' for offset in some)}" if some else "nothing"
        lines.append(f"{reader} {'final ' if final else ''}poll {KEY}:{position} -> {answer}")
        position = some[-1] + 1 if some else position
    return lines


def polls(history: History) -> list[Operation]:
    return [op for op in history.operations if op.f == "poll" and op.type == "ok"]


def got(*some: Operation) -> set[int]:
    """The messages that polls returned; each is called as its offset."""
    return {message for op in some for _, message in (op.response or {})["msgs"].get(KEY, ())}


def readers(history: History) -> list[list[Operation]]:
    """The final polls of each reader; of all together where one of them began above the first message."""
    final = [op for op in polls(history) if op.final]
    each = [[op for op in final if op.client == name] for name in sorted({op.client for op in final})]
    there = got(*polls(history)) | {op.request["msg"] for op in acknowledged(history)}
    if there and any(min(op.request["offsets"][KEY] for op in ops) > min(there) for ops in each):
        return [final]
    return each


def acknowledged(history: History) -> list[Operation]:
    return [op for op in history.operations if op.f == "send" and op.type == "ok"]


def known_before(history: History) -> set[int]:
    """What had been acknowledged or polled before the first final poll."""
    began = min(op.begin_event for op in polls(history) if op.final)
    before = [op for op in (*polls(history), *acknowledged(history)) if op.end_event is not None]
    earlier = [op for op in before if op.end_event < began]  # type: ignore[operator]  # they have ended
    sent = {op.request["msg"] for op in earlier if op.f == "send"}
    return sent | got(*(op for op in earlier if op.f == "poll"))


def unseen_by_definition(history: History) -> set[int]:
    returned = got(*polls(history))
    missing = {op.request["msg"] for op in acknowledged(history)} - returned
    for ops in readers(history):
        end = max(got(*ops) | {ops[-1].request["offsets"][KEY] - 1})
        missing |= {message for message in known_before(history) & returned if message > end}
    return missing


def unseen(history: History) -> list[int]:
    """The messages that the checker takes for unseen, each as often as it does."""
    result = check(history, examples=None)
    assert not result.failed
    examples = [example for each in result.anomalies if each.kind == "unseen" for example in each.examples]
    return sorted(history.operations[example.operations[0]].request["msg"] for example in examples)


def agrees(seed: int) -> int:
    """Whether anything is unseen, once it is sure that the checker says what the definition says."""
    history = random_history(seed)
    expected = unseen_by_definition(history)
    assert unseen(history) == sorted(expected), f"seed {seed}"
    return bool(expected)


def test_the_checker_finds_what_the_definition_says_and_each_message_once():
    found = sum(agrees(seed) for seed in range(2_000))
    assert 500 < found < 1_500


@pytest.mark.sweep
def test_the_checker_finds_what_the_definition_says_over_many_seeds():
    assert sum(agrees(seed) for seed in range(10_000, 100_000)) > 10_000


def leaves_nothing_out(ops: list[Operation]) -> bool:
    """Whether a reader began at the start, and always went on right behind what it had been given last."""
    position = 0
    for op in ops:
        if op.request["offsets"][KEY] != position:
            return False
        position = max(got(op), default=position - 1) + 1
    return True


def test_what_a_final_reader_misses_is_always_told_of_in_some_way():
    """What is not above its end it has passed over, for which there are other names."""
    passed_over = 0
    for seed in range(3_000):
        history = random_history(seed)
        each = readers(history)
        if len(each) > 1 and any(known_before(history) - got(*ops) for ops in each if leaves_nothing_out(ops)):
            kinds = {anomaly.kind for anomaly in check(history).anomalies}
            assert kinds & (PASSED_OVER | {"unseen"}), f"seed {seed}"
            passed_over += "unseen" not in kinds
    assert passed_over > 20


def test_readers_that_read_everything_are_never_accused():
    for seed in range(1_000):
        assert unseen(random_history(seed, whole_logs=True)) == [], f"seed {seed}"


GOES_ON: Final = (
    "alice send k1 7 -> 0",
    "alice send k1 8 -> 1",
    "bob final poll k1:0 -> k1 0=7",
    "bob final poll k1:1 -> lost",
    "bob final poll k1:1 -> k1 1=8",
)
"""A final reader goes on after an answer that did not come."""


def test_a_reader_is_a_client_under_whatever_process_number():
    history = build(*GOES_ON, complete=KEY, consistency="kafka")
    first, _, last = (op for op in history.operations if op.final)
    assert first.process != last.process
    assert check(history).verdict == "valid"


def test_without_names_of_clients_a_process_that_goes_on_for_another_is_no_reader_of_its_own():
    history = build(*GOES_ON, complete=KEY, consistency="kafka")
    nameless = replace(history, operations=[replace(op, client="") for op in history.operations])
    assert check(nameless).verdict == "valid"


def test_one_client_is_a_reader_at_each_node():
    history = build(
        "alice send k1 7 -> 0",
        "bob final poll k1:0 -> k1 0=7",
        "bob final poll k1:0 -> nothing",
        complete=KEY,
        consistency="kafka",
    )
    assert check(history).verdict == "valid"
    history.operations[-1].node = "n1"
    assert {anomaly.kind for anomaly in check(history).anomalies} == {"unseen"}


ALL_READ: Final = "of the final polls, which read the key to its end"
EXPLAINED: Final = {
    'message 7 was acknowledged to alice at offset 0 of key "k1" and polled by bob; '
    f"but {ALL_READ}, those of cat returned nothing": (
        "bob final poll k1:0 -> k1 0=7 1=8",
        "cat final poll k1:0 -> nothing",
    ),
    'message 8 was acknowledged to alice at offset 1 of key "k1" and polled by dan; '
    f"but {ALL_READ}, those of cat returned nothing and those of bob ended at offset 0": (
        "bob final poll k1:0 -> k1 0=7",
        "cat final poll k1:0 -> nothing",
        "dan final poll k1:0 -> k1 0=7 1=8",
    ),
    'message 9, sent by eve, was polled by dan at offset 2 of key "k1"; '
    f"but {ALL_READ}, those of bob ended at offset 1": (
        "eve send k1 9 -> lost",
        "dan poll k1:2 -> k1 2=9",
        "bob final poll k1:0 -> k1 0=7 1=8",
    ),
    'a message that nobody sent was polled by dan at offset 2 of key "k1"; '
    f"but {ALL_READ}, those of bob ended at offset 1": (
        "dan poll k1:2 -> k1 2=9",
        "bob final poll k1:0 -> k1 0=7 1=8",
    ),
}


@pytest.mark.parametrize("said", EXPLAINED)
def test_the_explanation_says_who_sent_it_who_got_it_and_where_which_reader_ended(said: str):
    lines = ("alice send k1 7 -> 0", "alice send k1 8 -> 1", *EXPLAINED[said])
    result = check(build(*lines, complete=KEY, consistency="kafka"))
    assert said in [example.explanation for each in result.anomalies for example in each.examples]


def test_level_jepsen_asks_only_whether_anybody_got_the_message():
    history = build(
        "alice send k1 7 -> 0", "bob final poll k1:0 -> k1 0=7", "cat final poll k1:0 -> nothing", complete=KEY
    )
    assert check(history, "jepsen").verdict == "valid"
    assert check(history, "kafka").verdict == "invalid"
