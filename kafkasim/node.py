"""The Maelstrom node: the log service on standard input and output, one JSON message a line.

A byte pump around `kafkasim.service.LogService`. It reads whatever has arrived, answers every whole line of
it and writes all the answers at once: a lone request is answered without delay, and under load the cost of
a system call is shared by hundreds of requests. In between nothing is buffered, so the only thing that ever
waits here is the beginning of a line whose end has not come yet. Only where the answers grow large, as those to
polls of long logs do, some are written before the others are made.

It survives whatever it is sent: lines that are no messages are logged and skipped, requests that cannot be
obeyed are answered with an error (`kafkasim.messages` says which). It ends, without a word, when its input
ends, when nobody reads its output any more, and when it is told to by SIGINT or SIGTERM; the first of those
lets it finish the answers it has begun. Nothing but messages is ever written to its standard output;
it logs to standard error, warnings and worse unless told otherwise.

A node that ``init`` tells of peers is one of a cluster: then `kafkasim.cluster.service.ClusterService` serves, which
is loaded only now, and whose timers run on the machine's clock.

What was measured to come to this: ``docs/decisions/0003-node-pump.md``.
"""

from __future__ import annotations

import errno
import gc
import logging
import os
import select
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from types import FrameType
from typing import TYPE_CHECKING, Any, Final

from kafkasim.codec import REQUESTS, UNDECODABLE, NotAnEnvelopeError, decode_line, decode_lines, encode
from kafkasim.messages import AnyRequest, Envelope, Error, ErrorCode, Init
from kafkasim.service import Effect, LogService, Service, Timer

if TYPE_CHECKING:  # a node that is started without options needs no parser of them
    from argparse import ArgumentParser

    from msgspec.json import Decoder

    from kafkasim.cluster.alarms import Alarms
    from kafkasim.cluster.service import ClusterService

_LOG: Final = logging.getLogger(__name__)

READ_SIZE: Final = 16 * 1024
"""The most bytes that are read at once: some 160 requests, which share a write and still fit in the cache."""

WRITE_SIZE: Final = 1024 * 1024
"""Answers of so many bytes are written even where more requests of the same read wait to be answered."""

_AT_ONCE: Final = 32
"""So many requests are answered before anybody looks how large the answers are. Each may poll all there is, so this
is how many times over a node may hold the log; looking after every single one would cost two fifths more time."""

_GC_THRESHOLD: Final = 100_000
"""Containers that must be alive beyond the last collection before the next one looks for cycles. Serving makes no
cycles, so a collection finds nothing; only failures of our own, with their tracebacks, may leave some behind."""

_CLOSED: Final = (errno.EPIPE, errno.ECONNRESET, errno.EBADF)
"""How reading and writing fail where there is nobody on the other side, or never was."""

STDIN: Final = 0
STDOUT: Final = 1

ENDING: Final = (signal.SIGINT, signal.SIGTERM)
"""The signals that end a node."""


class LineBuffer:
    r"""Cuts what arrives into whole lines, and keeps the beginning of the line that is not whole yet.

    The cost is that of the bytes, however long a line is and in however many pieces it comes.

    >>> lines = LineBuffer()
    >>> lines.feed(b'{"a":'), lines.feed(b'1}\n{"b":2}\n{"c"'), lines.rest()
    (b'', b'{"a":1}\n{"b":2}\n', b'{"c"')
    """

    __slots__ = ("_pieces",)

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def feed(self, data: bytes) -> bytes:
        """All the lines that are whole now that this has arrived too, each with its newline; often none."""
        end = data.rfind(b"\n") + 1
        if not end:
            self._pieces.append(data)
            return b""
        if end == len(data) and not self._pieces:
            return data
        whole = b"".join((*self._pieces, data[:end]))
        self._pieces = [data[end:]] if end < len(data) else []
        return whole

    def rest(self) -> bytes:
        """The line that was begun and not ended; it is forgotten by being asked for."""
        rest, self._pieces = b"".join(self._pieces), []
        return rest


class _Stopped(BaseException):
    """A signal has come while the node waited for input. No `Exception`: whoever handles those goes on."""


class Signals:
    """Has SIGINT and SIGTERM end the node between two writes, so that the last answer is a whole line.

    The second one ends it at once, in case nobody takes its answers.
    """

    __slots__ = ("received", "waiting")

    def __init__(self) -> None:
        self.received = 0
        """The number of the signal that came; 0: none."""
        self.waiting = False
        """Whether the node waits for input, and may be woken."""

    def install(self) -> None:
        """Takes over both signals of this process, and lets in those that were held back while it started.

        A signal that the process was started to ignore, as shells have it for what runs in the background, stays
        ignored.
        """
        for number in ENDING:
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, self.take)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING)

    def take(self, number: int, _frame: FrameType | None) -> None:
        """The handler: wakes the node where it waits, and is remembered where it works."""
        if self.received:
            # Only now: with the default in place earlier, Python would complain of a signal that came in between.
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)
        self.received = number
        if self.waiting:
            raise _Stopped


def serve(
    service: Service,
    stdin: int = STDIN,
    stdout: int = STDOUT,
    signals: Signals | None = None,
    cluster: Callable[[], ClusterService] | None = None,
) -> None:
    """Answers the requests that come in on one file descriptor on the other, until there are no more.

    ``cluster`` makes what takes over from ``service`` where ``init`` names peers; None: nothing does. Returns at the
    end of the input, when the output is closed, and after one of ``signals``. A last line without a newline is taken as
    a line. Raises `OSError` where reading or writing fails in any other way.
    """
    signals = signals or Signals()
    lines = LineBuffer()
    try:
        if cluster is not None and not _begin(service, cluster, _Ends(stdin, stdout, signals, lines)):
            return
        while data := _read(stdin, signals):
            if whole := lines.feed(data):
                for replies in answers(service, whole):
                    _write(stdout, replies)
        for replies in answers(service, lines.rest()):
            _write(stdout, replies)
    except _Stopped:
        pass
    except OSError as error:
        if error.errno not in _CLOSED:
            raise
        _LOG.info("the input or the output is closed: %s", error)


class _Ends:
    """What a node reads from, writes to and is ended by, and what has been read of the next line."""

    __slots__ = ("lines", "signals", "stdin", "stdout")

    def __init__(self, stdin: int, stdout: int, signals: Signals, lines: LineBuffer) -> None:
        self.stdin, self.stdout, self.signals, self.lines = stdin, stdout, signals, lines


def _begin(service: Service, cluster: Callable[[], ClusterService], ends: _Ends) -> bool:
    """Answers requests until the node has its name. False: there are no more, or a cluster has answered the rest."""
    while not service.node_id:
        data = _read(ends.stdin, ends.signals)
        whole = (ends.lines.feed(data) if data else ends.lines.rest()).split(b"\n")
        for place, line in enumerate(whole):
            if _names_peers(line):
                _serve_cluster(cluster(), b"\n".join(whole[place:]), ends)
                return False
            for replies in answers(service, line):
                _write(ends.stdout, replies)
            if service.node_id:
                for replies in answers(service, b"\n".join(whole[place + 1 :])):
                    _write(ends.stdout, replies)
                break
        if not data:
            return False
    return True


def _names_peers(line: bytes) -> bool:
    """Whether this is the request that makes the node one of several."""
    if b"init" not in line:
        return False
    try:
        request = decode_line(line).body
    except NotAnEnvelopeError:
        return False
    return isinstance(request, Init) and len(set(request.node_ids)) > 1


def _serve_cluster(service: ClusterService, begun: bytes, ends: _Ends) -> None:
    """As `serve`, beginning with whole lines that have been read already, with timers."""
    from time import monotonic_ns  # noqa: PLC0415 - a node alone needs none of these

    from kafkasim.cluster.alarms import Alarms  # noqa: PLC0415 - as above
    from kafkasim.cluster.bodies import DECODER  # noqa: PLC0415 - as above

    def requests(whole: bytes) -> Sequence[Envelope[Any]]:
        try:
            return decode_lines(whole, DECODER)
        except UNDECODABLE:
            return list(_one_by_one(whole, DECODER))

    alarms = Alarms()
    data = whole = begun
    while data:
        effects = list(service.receive_all(requests(whole))) if whole else []
        for timer in alarms.due(monotonic_ns()):
            effects += service.wake(timer)
        _carry_out(effects, ends.stdout, alarms, monotonic_ns())
        whole = b""
        if _ready(ends.stdin, ends.signals, alarms.wait(monotonic_ns())):
            data = _read(ends.stdin, ends.signals)
            whole = ends.lines.feed(data) if data else ends.lines.rest()
    _carry_out(service.receive_all(requests(whole)), ends.stdout, alarms, monotonic_ns())


def _carry_out(effects: Sequence[Effect], stdout: int, alarms: Alarms, now: int) -> None:
    messages = []
    for effect in effects:
        if isinstance(effect, Envelope):
            messages.append(effect)
        elif isinstance(effect, Timer):  # there is no other effect: a cluster writes nothing to a disk of its own
            alarms.set(effect, now)
    if messages:
        _write(stdout, _encoded(messages))


def answers(service: Service, lines: bytes) -> Iterator[bytes]:
    r"""The answers to whole lines of requests, as lines; what the node does, without the reading and writing.

    They come all together, or in pieces of little more than `WRITE_SIZE` bytes where they are larger; the requests
    behind a piece are only obeyed when the next one is asked for.

    >>> init = b'{"src":"c1", "dest":"n0", "body":{"type":"init", "msg_id":1, "node_id":"n0", "node_ids":["n0"]}}'
    >>> list(answers(LogService(), init))
    [b'{"src":"n0","dest":"c1","body":{"type":"init_ok","in_reply_to":1}}\n']
    """
    try:
        requests = decode_lines(lines)
    except UNDECODABLE:
        requests = list(_one_by_one(lines))
    pieces: list[bytes] = []
    size = 0
    for start in range(0, len(requests), _AT_ONCE):
        # a log in memory sets no timer and asks for no write
        replies: Sequence[Any] = service.receive_all(requests[start : start + _AT_ONCE])
        piece = _encoded(replies)
        pieces.append(piece)
        size += len(piece)
        if size >= WRITE_SIZE:
            yield b"".join(pieces)
            pieces.clear()
            size = 0
    if size:
        yield b"".join(pieces)


def _encoded(replies: Sequence[Envelope[Any]]) -> bytes:
    """The replies as lines; those that cannot be one, which is a failure of ours, keep back no others."""
    try:
        return encode(replies)
    except Exception:  # noqa: BLE001 - whatever one of them is, the others are sent
        return b"".join(map(_encode_or_fail, replies))


def _encode_or_fail(reply: Envelope[Any]) -> bytes:
    """The reply as a line; where it cannot be one, that failure of ours as a line."""
    try:
        return encode([reply])
    except Exception as error:  # noqa: BLE001 - as above
        _LOG.exception("failed to encode a reply to %s", reply.dest)
        text = f"the node failed to encode its reply: {type(error).__name__}: {error}"
        failure = Error(in_reply_to=reply.body.in_reply_to, code=ErrorCode.CRASH, text=text)
        return encode([Envelope(reply.src, reply.dest, failure)])


def _one_by_one(lines: bytes, decoder: Decoder[Envelope[Any]] = REQUESTS) -> Iterator[Envelope[AnyRequest]]:
    """The requests among the lines; what is none is logged."""
    for line in lines.split(b"\n"):
        if line and not line.isspace():
            try:
                yield decode_line(line, decoder)
            except NotAnEnvelopeError as error:
                _LOG.warning("skipped a line that is no message: %s", error)
            except Exception:  # noqa: BLE001 - one line that we fail at is no reason to end
                _LOG.exception("skipped a line: this is a bug of ours")


def _read(stdin: int, signals: Signals) -> bytes:
    """What has arrived, at least a byte; nothing at the end of the input."""
    signals.waiting = True
    try:
        if signals.received:
            raise _Stopped
        while True:
            try:
                return os.read(stdin, READ_SIZE)
            except BlockingIOError:
                select.select([stdin], [], [])
    finally:
        signals.waiting = False


def _ready(stdin: int, signals: Signals, patience: int | None) -> bool:
    """Whether something has arrived, or the input has ended, before so many nanoseconds were over (None: ever)."""
    signals.waiting = True
    try:
        if signals.received:
            raise _Stopped
        return bool(select.select([stdin], [], [], None if patience is None else patience / 1e9)[0])
    finally:
        signals.waiting = False


def _write(stdout: int, data: bytes) -> None:
    """Writes all of it, in as many pieces as the other side takes it."""
    try:
        written = os.write(stdout, data)
    except BlockingIOError:
        written = 0
    if written == len(data):  # nearly always, and a lone request should not wait for what follows
        return
    rest = memoryview(data)[written:]
    while rest:
        try:
            rest = rest[os.write(stdout, rest) :]
        except BlockingIOError:
            select.select([], [stdout], [])


LOG_LEVELS: Final = ("info", "warning", "error")


def main(argv: Sequence[str] | None = None) -> int:
    """The command ``kafkasim node``; ``argv`` is what follows it (None: what this process was given).

    The exit code: 0 at the end of the input or where nobody reads the output, 2 where either is unusable,
    130 after SIGINT and 143 after SIGTERM, as shells count. Wrong options exit with 2.
    """
    arguments = sys.argv[1:] if argv is None else argv
    max_poll_messages, log_level = None, "warning"
    if arguments:
        options = option_parser().parse_args(arguments)
        max_poll_messages, log_level = options.max_poll_messages, options.log_level
    logging.basicConfig(level=log_level.upper(), format="kafkasim node: %(levelname)s: %(message)s", stream=sys.stderr)
    logging.raiseExceptions = False  # where standard error is closed there is nobody to tell
    gc.freeze()  # what start-up has made stays
    gc.set_threshold(_GC_THRESHOLD)
    signals = Signals()
    signals.install()
    try:
        serve(
            LogService(max_poll_messages=max_poll_messages),
            signals=signals,
            cluster=lambda: _cluster(max_poll_messages),
        )
    except OSError as error:
        _LOG.error("cannot go on: %s", error)
        return 2
    return 128 + signals.received if signals.received else 0


def _cluster(max_poll_messages: int | None) -> ClusterService:
    from kafkasim.cluster.service import LIVES, ClusterService  # noqa: PLC0415 - a node alone does not wait for it

    return ClusterService(max_poll_messages=max_poll_messages, life=int.from_bytes(os.urandom(4)) % LIVES)


def option_parser() -> ArgumentParser:
    """The options of the command, with the words of its ``--help``."""
    import argparse  # noqa: PLC0415 - see above

    parser = argparse.ArgumentParser(
        prog="kafkasim node",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description="The log as a Maelstrom node: reads requests from standard input, one JSON\n"
        "message a line, and answers them on standard output. It logs to standard error.\n"
        "Told of peers by init, it is one node of a cluster.",
        epilog="""example:
  maelstrom test -w kafka --bin ./bin/kafkasim-node --node-count 1 --concurrency 2n --time-limit 20 --rate 1000

with several nodes, which keep one log in lin-kv:
  maelstrom test -w kafka --bin ./bin/kafkasim-node --node-count 2 --concurrency 2n --time-limit 20 --rate 1000

by hand:
  echo '{"src":"c1","dest":"n0","body":{"type":"init","msg_id":1,"node_id":"n0","node_ids":["n0"]}}' | kafkasim node""",
    )
    parser.add_argument(
        "--max-poll-messages",
        type=_at_least_one,
        metavar="N",
        help="the most messages of each key that one poll returns (default: all there are)",
    )
    parser.add_argument(
        "--log-level",
        choices=LOG_LEVELS,
        default="warning",
        help="what is worth a line on standard error (default: %(default)s)",
    )
    return parser


def _at_least_one(text: str) -> int:
    try:
        number = int(text)
    except ValueError:
        number = 0
    if number < 1:
        from argparse import ArgumentTypeError  # noqa: PLC0415 - see above

        raise ArgumentTypeError(f"expected an integer >= 1, got {text}")
    return number
