"""Of a thread that waits it is told whether the clock ends the wait, and when."""

import os
import subprocess
import sys
import time

import pytest

from kafkasim.processes.rest import Rest
from kafkasim.processes.waits import timed_wait, waits_for_its_own

MILLISECOND = 1_000_000
SECOND = 1_000 * MILLISECOND
MINUTE = 60 * SECOND

FOR_A_MINUTE = {
    "sleeps": "time.sleep(60)",
    "waits for an event": "threading.Event().wait(60)",
    "takes a lock": "lock = threading.Lock(); lock.acquire(); lock.acquire(timeout=60)",
    "takes from a queue": "queue.Queue().get(timeout=60)",
    "selects": "select.select([0], [], [], 60)",
    "polls": "poll = select.poll(); poll.register(0); poll.modify(0, 0); poll.poll(60_000)",
    "polls with epoll": "select.epoll().poll(60)",
    "runs a loop of events": "asyncio.run(asyncio.sleep(60))",
    "waits in another thread": "threading.Thread(target=time.sleep, args=[60]).start(); sys.stdin.read()",
    "waits for a child that sleeps": "subprocess.run(['sleep', '60'])",
}
FOR_EVER = {
    "reads": "sys.stdin.read()",
    "waits for an event": "threading.Event().wait()",
    "takes a lock": "lock = threading.Lock(); lock.acquire(); lock.acquire()",
    "selects": "select.select([0], [], [])",
    "polls": "poll = select.poll(); poll.register(0); poll.poll()",
    "polls with epoll": "select.epoll().poll()",
    "runs a loop of events": "asyncio.run(asyncio.Event().wait())",
    "waits in another thread": "threading.Thread(target=threading.Event().wait).start(); sys.stdin.read()",
}
MODULES = "import asyncio, os, queue, select, socket, subprocess, sys, threading, time"


FOR_OTHERS = {
    "reads what nobody writes": "reads, writes = os.pipe(); os.read(reads, 1)",
    "receives": "here, there = socket.socketpair(); here.recv(1)",
    "waits for a file's lock": (
        "import fcntl, tempfile; file = tempfile.NamedTemporaryFile(); fcntl.flock(file, fcntl.LOCK_EX); "
        "fcntl.flock(open(file.name), fcntl.LOCK_EX)"
    ),
}


def told(number, *arguments):
    return " ".join([str(number), *map(hex, (*arguments, *[0] * (6 - len(arguments)))), "0x7ff0", "0x7ff8"]).encode()


def at_rest(code, look):
    """What ``look`` tells of a program that is at rest; the program says when it is about to be."""
    if not Rest(os.getpid()).known or os.uname().machine not in ("x86_64", "aarch64"):
        pytest.skip("this system does not tell what a program waits for")
    command = [sys.executable, "-c", f"{MODULES}\nprint('here', flush=True)\n{code}"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True) as program:
        try:
            assert program.stdout is not None
            program.stdout.readline()
            rest = Rest(program.pid)
            looks = 0
            while looks < 10:  # it may wait a moment for something else before, and start a child
                time.sleep(0.02)
                looks += rest()
            seen = look(rest)
            rest.close()
            return seen
        finally:
            os.killpg(program.pid, 9)


def waits_of(code):
    """The waits for the clock of a program, once it is at rest."""
    return [wait.wait for wait in at_rest(code, Rest.timed_waits)]


@pytest.mark.parametrize("what", FOR_A_MINUTE)
def test_of_a_program_that_waits_for_the_clock_it_is_told_until_when(what):
    (wait,) = waits_of(FOR_A_MINUTE[what])

    left = wait.ends - time.monotonic_ns()
    assert 0 < left <= MINUTE


@pytest.mark.parametrize("what", FOR_EVER)
def test_a_program_that_waits_for_something_else_does_not_wait_for_the_clock(what):
    assert waits_of(FOR_EVER[what]) == []


@pytest.mark.parametrize("what", FOR_EVER)
def test_a_program_whose_threads_wait_for_each_other_or_for_its_input_waits_for_nobody_else(what):
    assert at_rest(FOR_EVER[what], Rest.waits_for_nobody_else)


@pytest.mark.parametrize("what", FOR_A_MINUTE)
def test_who_waits_for_the_clock_waits_for_nobody_else(what):
    assert at_rest(FOR_A_MINUTE[what], Rest.waits_for_nobody_else)


@pytest.mark.parametrize("what", FOR_OTHERS)
def test_a_program_that_waits_for_a_file_or_a_socket_may_wait_for_somebody_else(what):
    assert not at_rest(FOR_OTHERS[what], Rest.waits_for_nobody_else)


@pytest.mark.parametrize(
    ("machine", "own", "others"),
    [
        ("x86_64", [told(0, 0), told(202, 0x10, 128), told(61, 7)], [told(0, 3), told(74, 3), told(219)]),
        ("aarch64", [told(63, 0), told(98, 0x10, 128), told(260, 7)], [told(63, 3), told(82, 3), told(128)]),
        ("mips", [], [told(0, 0), told(202, 0x10, 128)]),
    ],
)
def test_for_whom_a_call_waits_its_number_tells_and_of_a_read_the_file(machine, own, others):
    assert all(waits_for_its_own(line, machine) for line in own)
    assert not any(waits_for_its_own(line, machine) for line in others)


def written(seconds, nanoseconds):
    """A memory in which a time stands, at 0x1000 alone."""

    def memory(address, size):
        if address != 0x1000:
            raise OSError(address)
        return (seconds.to_bytes(8, "little") + nanoseconds.to_bytes(8, "little"))[:size]

    return memory


SPANS = {
    "x86_64": {
        "poll": told(7, 0x10, 1, 1500),
        "epoll_wait": told(232, 3, 0x10, 8, 1500),
        "epoll_pwait": told(281, 3, 0x10, 8, 1500),
        "epoll_pwait2": told(441, 3, 0x10, 8, 0x1000),
        "nanosleep": told(35, 0x1000),
        "ppoll": told(271, 0x10, 1, 0x1000),
        "pselect6": told(270, 1, 0, 0, 0, 0x1000),
        "clock_nanosleep": told(230, 1, 0, 0x1000),
        "futex": told(202, 0x10, 128, 0, 0x1000),
    },
    "aarch64": {
        "epoll_pwait": told(22, 3, 0x10, 8, 1500),
        "epoll_pwait2": told(441, 3, 0x10, 8, 0x1000),
        "nanosleep": told(101, 0x1000),
        "ppoll": told(73, 0x10, 1, 0x1000),
        "pselect6": told(72, 1, 0, 0, 0, 0x1000),
        "clock_nanosleep": told(115, 1, 0, 0x1000),
        "futex": told(98, 0x10, 128, 0, 0x1000),
    },
}


@pytest.mark.parametrize(("machine", "call"), [(machine, call) for machine, calls in SPANS.items() for call in calls])
def test_a_span_is_read_from_the_arguments_of_each_call(machine, call):
    before = time.monotonic_ns()
    wait = timed_wait(SPANS[machine][call], written(1, 500_000_000), machine)

    assert wait is not None
    assert before + 1500 * MILLISECOND <= wait.ends <= time.monotonic_ns() + 1500 * MILLISECOND
    assert not wait.exact


@pytest.mark.parametrize(
    ("line", "clock"),
    [
        (told(230, 1, 1, 0x1000), time.CLOCK_MONOTONIC),
        (told(230, 0, 1, 0x1000), time.CLOCK_REALTIME),
        (told(202, 0x10, 128 | 9, 0, 0x1000), time.CLOCK_MONOTONIC),
        (told(202, 0x10, 128 | 256 | 9, 0, 0x1000), time.CLOCK_REALTIME),
    ],
)
def test_a_moment_is_read_by_the_clock_that_the_call_names(line, clock):
    moment = time.clock_gettime_ns(clock) + MINUTE
    wait = timed_wait(line, written(*divmod(moment, SECOND)), "x86_64")

    assert wait is not None
    assert abs(wait.ends - time.monotonic_ns() - MINUTE) < SECOND
    assert wait.exact


@pytest.mark.parametrize(
    "line",
    [
        b"running\n",
        b"-1 0x7ff0 0x7ff8\n",
        told(0, 0, 0x10, 4096),
        told(7, 0x10, 1, 0xFFFFFFFF),
        told(7, 0x10, 1, 0xFFFFFFFFFFFFFFFF),
        told(271, 0x10, 1, 0),
        told(202, 0x10, 128, 0, 0),
        told(202, 0x10, 128 | 1, 1, 0x1000),
        told(230, 2, 1, 0x1000),
        told(23, 1, 0, 0, 0, 0),
    ],
)
def test_what_is_no_wait_for_the_clock_is_none(line):
    assert timed_wait(line, written(1, 0), "x86_64") is None


def test_on_a_machine_that_is_not_known_nothing_is_told():
    assert timed_wait(told(35, 0x1000), written(1, 0), "s390x") is None
