"""One node of a cluster, as a sans-IO protocol object: see `kafkasim.service` for the seam.

How it answers:

* A **send** or **commit** becomes an entry. It is answered once the entry is in the log, whoever brought it there,
  with what obeying the log up to there says.
* A **poll** or **list** is answered from the node's own log, once that is known to be no older than the request:
  after a look at the register that began later, or after an entry came into the log that was offered later. So all
  operations are linearizable, over all keys at once.

How entries get into the log:

* One node appends for all, the first by name of those that answer; the others ask it to. That saves them from taking
  the register from each other. Whoever is asked appends by itself.
* While it waits for ``lin-kv``, what comes in is gathered, and is the next batch. An idle node appends at once.
* Nothing but speed depends on who appends. Where the first node does not answer, the next one appends, or who asked
  does itself; the entry may be offered twice, and counts once. Where ``lin-kv`` does not answer, another node is
  asked, which may be able to reach it.
* Who keeps losing the register to a node that it does not hear has that one take its entries along: see
  `kafkasim.cluster.wishes`.

What it refuses: where neither ``lin-kv`` nor any other node answers, what was offered to nobody is refused for good
(11), and so are polls and lists; of an entry that was offered nobody knows whether it will come into the log, so its
client is told that (0). Nothing is said without having been asked, and no timer is set but to wait for an answer.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from typing import Any, Final

from kafkasim.cluster.bodies import (
    CHAPTER,
    HEAD,
    NOTHING,
    STORE,
    Answer,
    Append,
    AppendOk,
    Cas,
    CasOk,
    CommitEntry,
    Entry,
    Read,
    ReadOk,
    SendEntry,
    Stretch,
    Write,
    WriteOk,
    chapter_key,
    typed,
    wishes_key,
)
from kafkasim.cluster.errands import Errand, Errands, Purpose
from kafkasim.cluster.offers import Offers
from kafkasim.cluster.replica import Outcome, Replica
from kafkasim.cluster.wishes import Listening, Wishes
from kafkasim.core import LogEngine
from kafkasim.forms import show
from kafkasim.messages import (
    AnyReply,
    AnyRequest,
    CommitOffsets,
    CommitOffsetsOk,
    Envelope,
    Error,
    ErrorCode,
    Init,
    ListCommittedOffsets,
    ListCommittedOffsetsOk,
    MalformedRequestError,
    NotSupportedError,
    Poll,
    PollOk,
    Reply,
    Send,
    TemporarilyUnavailableError,
)
from kafkasim.service import Effect, Service, Timer

_LOOKS: Final = 2
"""So many looks at the register may be under way at a time. Who comes meanwhile waits and shares the next one: with one
at a time polls wait twice as long, with no such limit many clients cost many messages."""

_LIFE_BITS: Final = 31
"""The numbers of one life of a node differ from those of another above these bits. With 22 bits for the life they are
still exact where JSON's numbers are read as floats."""

LIVES: Final = 1 << 22
"""So many lives of a node have numbers of their own."""


class ClusterService(Service):
    """A node of a cluster; ``init`` must name it and its peers.

    ``max_poll_messages`` caps what a poll returns of each key (None: everything). ``life`` is a number, below `LIVES`,
    that no other start of the same node has had.
    """

    def __init__(self, engine: LogEngine | None = None, *, max_poll_messages: int | None = None, life: int = 0) -> None:
        super().__init__()
        self.engine = LogEngine() if engine is None else engine
        self.max_poll_messages = max_poll_messages
        self._replica = Replica(self.engine)
        self._errands = Errands(life % LIVES << _LIFE_BITS)
        self._peers: tuple[str, ...] = ()
        self._moment = 0
        """Counts what happens to this node."""
        self._fresh_as_of = -1
        """The log is known as it was at this moment or later."""
        self._fresh_once_read = -1
        """The same, once the chapters that the replica misses have come."""
        self._overtaken_at = -1
        """When another node was seen to have swapped the register; no use in trying before the newest head is known."""
        self._readers: deque[tuple[int, Envelope[Any]]] = deque()
        """Who wants to know the log, since which moment."""
        self._offers = Offers()
        self._wishes = Wishes()
        self._listening = Listening()
        self._chapters_stored = 0

    # The seam.

    def receive(self, envelope: Envelope[Any]) -> Sequence[Effect]:
        """As `Service.receive`."""
        return self.receive_all((envelope,))

    def receive_all(self, envelopes: Iterable[Envelope[Any]]) -> Sequence[Effect]:
        """As `Service.receive_all`; what is asked together is looked up or appended together."""
        self._moment += 1
        effects: list[Effect] = []
        for envelope in envelopes:
            self._listening.heard(envelope.src)
            told = typed(envelope)
            if isinstance(told.body, Reply):
                try:
                    effects += self._hear(told)
                except Exception as error:  # noqa: BLE001 - as in `Service.receive`
                    self.refusal(told, error)
            else:
                effects += super().receive(told)
        return effects + self._go_on()

    def wake(self, timer: Timer) -> Sequence[Effect]:
        """An answer is not waited for any longer, if it has not come."""
        errand = self._errands.gave_up(int(timer.name))
        if errand is None:
            return []
        self._moment += 1
        effects = self._without_answer(errand)
        return effects + self._go_on()

    def handle(self, request: AnyRequest, envelope: Envelope[Any]) -> AnyReply | None:
        """As `Service.handle`; None where the answer has to wait."""
        match request:
            case Send(key=key, msg=msg):
                self._offers.add(SendEntry(self._new_id(), key, msg), self._moment, envelope)
                return None
            case CommitOffsets(offsets=offsets):
                if self._committed(offsets):
                    return CommitOffsetsOk()
                self._offers.add(CommitEntry(self._new_id(), offsets), self._moment, envelope)
                return None
            case Poll() | ListCommittedOffsets():
                self._readers.append((self._moment, envelope))
                return None
            case Append():
                return self._help(request, envelope)
        return super().handle(request, envelope)

    def init(self, request: Init) -> AnyReply:
        """Takes the names; refused where they are no cluster's."""
        names = request.node_ids
        if request.node_id not in names or len(set(names)) != len(names) or len(names) == 1 or STORE in names:
            raise NotSupportedError(
                f"init: expected several nodes, {show(request.node_id)} among them, got node_ids {show(names)}"
            )
        self._peers = tuple(sorted(name for name in names if name != request.node_id))
        self._listening.peers(self._peers)
        return super().init(request)

    # What clients and other nodes ask.

    def _new_id(self) -> str:
        return f"{self.node_id}.{self._errands.number()}"

    def _committed(self, offsets: dict[str, int]) -> bool:
        """Whether these were committed already: then they are for ever, and there is nothing to do."""
        committed = self.engine.list_committed_offsets(offsets)
        return all(committed.get(key, -1) >= offset for key, offset in offsets.items())

    def _help(self, request: Append[Any], envelope: Envelope[Any]) -> AnyReply | None:
        """Another node wants entries in the log, or to know the log."""
        if self._errands.silent(STORE):
            raise TemporarilyUnavailableError(f"{STORE} does not answer this node")
        if not request.entries:
            self._readers.append((self._moment, envelope))
            return None
        if request.msg_id is None:
            raise MalformedRequestError("append: field `msg_id` is missing (expected an integer)")
        new = [entry for entry in request.entries if not self._replica.has(entry.id)]
        if not new:
            return self._in_the_log(envelope)
        self._offers.owe(envelope.src, new, request.msg_id, self._moment)
        return None

    def _in_the_log(self, envelope: Envelope[Any]) -> AnyReply | None:
        """All that another node wants in the log is there; where the head with it is not known, once that is read."""
        if self._replica.behind:
            self._readers.append((self._moment, envelope))
            return None
        return AppendOk(log=self._replica.head)  # type: ignore[return-value]  # a reply among nodes

    def _read(self, request: Any) -> AnyReply:
        match request:
            case Poll():
                return PollOk(msgs=self.engine.poll(request.offsets, self.max_poll_messages))
            case ListCommittedOffsets():
                return ListCommittedOffsetsOk(offsets=self.engine.list_committed_offsets(request.keys))
        return AppendOk(log=self._replica.head)  # type: ignore[return-value]  # a reply among nodes

    # What comes back.

    def _hear(self, envelope: Envelope[Any]) -> list[Effect]:
        """Takes in an answer."""
        answer: Answer = envelope.body
        number = answer.in_reply_to
        if envelope.src == STORE and self._errands.silent(STORE):
            for peer in self._peers:  # those whom nobody else asks, should it be silent again
                if peer > self.node_id:
                    self._errands.heard(peer)
        if envelope.src == STORE or isinstance(answer, AppendOk):  # a node that cannot help is as good as silent
            self._errands.heard(envelope.src)
        errand = self._errands.asked(envelope.src, number)
        if errand is None or number is None:
            # It is late; a head is true nevertheless.
            return self._learn(answer.log) if isinstance(answer, AppendOk) else []
        if errand.dest == STORE:
            return self._hear_store(number, errand, answer)
        if isinstance(answer, AppendOk):
            if errand.entries:  # it is over when they are in the log, which may take a chapter more to be known
                return self._learn(answer.log)
            self._errands.over(number)
            return self._learn(answer.log, errand.moment)
        self._errands.over(number)
        self._errands.cannot_help(errand.dest)
        return self._without_answer(errand)

    def _hear_store(self, number: int, errand: Errand, answer: Answer) -> list[Effect]:
        """Takes in an answer of ``lin-kv``; one that helps nothing is as good as none, and time will be up."""
        match errand.purpose, answer:
            case Purpose.HEAD, ReadOk(value=head):
                self._errands.over(number)
                return self._learn(head, errand.moment)
            case Purpose.HEAD, Error(code=ErrorCode.KEY_DOES_NOT_EXIST):
                self._errands.over(number)
                return self._learn(NOTHING, errand.moment)
            case Purpose.SWAP, CasOk():
                self._errands.over(number)
                assert errand.head is not None
                self._wishes.unrivalled()
                return self._learn(errand.head, errand.moment)
            case Purpose.SWAP, Error(code=code):
                self._errands.over(number)
                self._give_back(errand)
                if code == ErrorCode.PRECONDITION_FAILED:
                    self._wishes.lost()
            case Purpose.CHAPTER, ReadOk(value=chapter):
                self._errands.over(number)
                return self._settle(self._replica.read_on(errand.chapter, chapter))
            case Purpose.STORE_CHAPTER, WriteOk():
                self._errands.over(number)
                self._chapters_stored = max(self._chapters_stored, errand.chapter + 1)
            case Purpose.WISH, WriteOk():
                self._errands.over(number)
            case Purpose.WISHES, ReadOk(value=wishes):
                self._errands.over(number)
                self._heed(errand.whose, wishes)
            case Purpose.WISHES, Error(code=ErrorCode.KEY_DOES_NOT_EXIST):
                self._errands.over(number)
                self._heed(errand.whose, NOTHING)
        return []

    def _heed(self, node: str, wishes: Stretch[Any]) -> None:
        """Takes over what another node wants in the log, as if it had asked."""
        wished = [entry for batch in wishes.batches for entry in batch]
        new = [entry for entry in wished if not self._replica.has(entry.id) and entry.id not in self._offers]
        for entry in new:
            self._offers.add(entry, self._moment, None)
        self._listening.read(node, found=bool(new))

    def _learn(self, head: Stretch[Any], fresh_as_of: int = -1) -> list[Effect]:
        """Takes in a head that the register had at some time after the moment ``fresh_as_of``."""
        self._fresh_once_read = max(self._fresh_once_read, fresh_as_of)
        return self._settle(self._replica.learn(head))

    def _settle(self, outcomes: list[Outcome]) -> list[Effect]:
        """Answers what came into the log, and all who waited for the log to be known."""
        effects: list[Effect] = []
        for entry_id, reply in outcomes:
            offer = self._offers.fulfil(entry_id)
            if offer is not None:
                self._errands.brought(offer.carrier, entry_id)
                if offer.asker is not None:
                    # Nobody knew of it before it was offered, so the log is known as it was after that. One that
                    # another node asked for may have been in the log long before.
                    self._fresh_once_read = max(self._fresh_once_read, offer.offered)
                    effects += self.answer(offer.asker, reply)
        if not self._replica.behind:
            self._fresh_as_of = max(self._fresh_as_of, self._fresh_once_read)
            for node, number in self._offers.due(self._replica.has):
                effects.append(Envelope(self.node_id, node, AppendOk(in_reply_to=number, log=self._replica.head)))
        while self._readers and self._readers[0][0] <= self._fresh_as_of:
            _, envelope = self._readers.popleft()
            effects += self._answer_reader(envelope)
        return effects

    def _answer_reader(self, envelope: Envelope[Any]) -> list[Effect]:
        try:
            reply = self._read(envelope.body)
        except Exception as error:  # noqa: BLE001 - as in `Service.receive`
            reply = self.refusal(envelope, error)
        return self.answer(envelope, reply)

    # What does not come back.

    def _without_answer(self, errand: Errand) -> list[Effect]:
        """Whom it was asked is silent: somebody else must be, or those who wait are told."""
        self._give_back(errand)
        if errand.purpose not in (Purpose.HEAD, Purpose.CHAPTER) or errand.dest != STORE or not errand.was_silent:
            return []
        self._offers.drop_for_others(errand.moment)
        if errand.purpose is Purpose.HEAD and self._peer_to_ask():
            return []
        return self._refuse(errand.moment)

    def _give_back(self, errand: Errand) -> None:
        """Nobody is busy with these entries any more."""
        self._offers.give_back(errand.entries)
        if errand.purpose is Purpose.SWAP:
            self._overtaken_at = self._moment

    def _refuse(self, moment: int) -> list[Effect]:
        """Refuses what has waited since that moment or longer, now that nobody can be reached."""
        effects: list[Effect] = []
        unavailable = f"neither {STORE} nor another node answers"
        unknown = f"{unavailable}: it may come into the log or not"
        while self._readers and self._readers[0][0] <= moment:
            _, envelope = self._readers.popleft()
            effects += self.answer(envelope, Error(code=ErrorCode.TEMPORARILY_UNAVAILABLE, text=unavailable))
        for offer in self._offers.withdraw(moment):
            assert offer.asker is not None
            refusal = (
                Error(code=ErrorCode.TEMPORARILY_UNAVAILABLE, text=unavailable)
                if offer.offered < 0
                else Error(code=ErrorCode.TIMEOUT, text=unknown)
            )
            effects += self.answer(offer.asker, refusal)
        return effects

    # What there is to do next.

    def _go_on(self) -> list[Effect]:
        return [*self._append(), *self._wish(), *self._look(), *self._read_chapters(), *self._store_chapter()]

    def _append(self) -> list[Effect]:
        """Has the entries that nobody is busy with brought into the log."""
        idle = self._offers.idle
        if not idle:
            return []
        appender = self._appender()
        own = self._offers.idle_of_clients()
        if appender == self.node_id or (len(own) < len(idle) and not self._errands.silent(STORE)):
            return self._swap(idle)
        self._wishes.unrivalled()
        return self._ask_to_append(appender, own) if own else []

    def _appender(self) -> str:
        """Who is to append: the first of those that answer; where ``lin-kv`` does not answer this node, another one."""
        before = [peer for peer in self._peers if peer < self.node_id]
        able = self._peers if self._errands.silent(STORE) else before
        return next((peer for peer in able if not self._errands.silent(peer)), self.node_id)

    def _ask_to_append(self, peer: str, entry_ids: list[str]) -> list[Effect]:
        entries = self._offers.take(entry_ids, self._moment)
        effects = self._ask(peer, Append(entries=entries), Purpose.HELP, entry_ids)
        if self._errands.silent(STORE) and not self._errands.count(Purpose.HEAD, STORE):
            effects += self._ask(STORE, Read(key=HEAD), Purpose.HEAD)  # to know when it answers again
        return effects

    def _swap(self, entry_ids: list[str]) -> list[Effect]:
        """Appends by itself, unless it is doing that already, or does not know what to append to."""
        if (
            self._errands.count(Purpose.SWAP)
            or self._errands.silent(STORE)
            or self._replica.behind
            or self._fresh_as_of < self._overtaken_at
        ):
            return []
        head = self._replica.head
        after = self._shortened([*head.batches, self._offers.take(entry_ids, self._moment)], head.first)
        body = Cas(key=HEAD, expected=head, to=after, create_if_not_exists=not self._replica.end)
        effects: list[Effect] = []
        for peer in self._listening.swaps():  # asked for first, so that the next swap has what they bring
            effects += self._ask(STORE, Read(key=wishes_key(peer)), Purpose.WISHES, whose=peer)
        return effects + self._ask(STORE, body, Purpose.SWAP, entry_ids, head=after) + self._knock()

    def _wish(self) -> list[Effect]:
        """Tells whoever appends what it cannot append itself, and goes on trying."""
        if self._errands.count(Purpose.WISH) or self._errands.silent(STORE) or not self._wishes.untold(self._offers):
            return []
        entries = self._offers.tell_all(self._moment)
        self._wishes.tell(self._offers)
        return self._ask(STORE, Write(key=wishes_key(self.node_id), value=Stretch(0, [entries])), Purpose.WISH)

    def _shortened(self, batches: list[list[Entry]], first: int) -> Stretch[Any]:
        """The head without the batches that stand in chapters, but for the last ones."""
        while len(batches) > 2 * CHAPTER and first // CHAPTER < self._chapters_stored:
            batches, first = batches[CHAPTER:], first + CHAPTER
        return Stretch(first, batches)

    def _knock(self) -> list[Effect]:
        """Asks those who would append in its stead whether they answer again."""
        effects: list[Effect] = []
        for peer in self._peers:
            if peer < self.node_id and self._errands.silent(peer) and not self._errands.count(Purpose.HELP, peer):
                effects += self._ask(peer, Append(entries=[]), Purpose.HELP)
        return effects

    def _look(self) -> list[Effect]:
        """Looks at the register, if anybody waits for that and no look that is under way will do for them."""
        wanted = self._readers[-1][0] if self._readers else -1
        waiting_since = self._offers.waiting_since()
        if waiting_since >= 0 and self._fresh_as_of < self._overtaken_at:
            wanted = max(wanted, self._overtaken_at)
        if self._errands.silent(STORE):  # whether it answers again is what they wait for
            wanted = max(wanted, waiting_since)
        if wanted <= max(self._fresh_as_of, self._fresh_once_read, self._errands.newest(Purpose.SWAP, STORE)):
            return []
        effects: list[Effect] = []
        if self._errands.newest(Purpose.HEAD, STORE) < wanted and self._errands.count(Purpose.HEAD, STORE) < _LOOKS:
            effects += self._ask(STORE, Read(key=HEAD), Purpose.HEAD)
        peer = self._peer_to_ask()
        if self._errands.silent(STORE) and peer is not None and not self._errands.count(Purpose.HEAD, peer):
            effects += self._ask(peer, Append(entries=[]), Purpose.HEAD)
        return effects

    def _peer_to_ask(self) -> str | None:
        return next((peer for peer in self._peers if not self._errands.silent(peer)), None)

    def _read_chapters(self) -> list[Effect]:
        effects: list[Effect] = []
        for number in self._replica.missing():
            if not self._errands.count(Purpose.CHAPTER, chapter=number):
                effects += self._ask(STORE, Read(key=chapter_key(number)), Purpose.CHAPTER, chapter=number)
        return effects

    def _store_chapter(self) -> list[Effect]:
        """Stores the oldest batches of the head as a chapter, once they are many, so that the head need not have them.

        Whoever stores a chapter stores the same.
        """
        head = self._replica.head
        number = head.first // CHAPTER
        if (
            len(head.batches) < 2 * CHAPTER
            or number < self._chapters_stored
            or self._appender() != self.node_id
            or self._errands.count(Purpose.STORE_CHAPTER)
        ):
            return []
        body = Write(key=chapter_key(number), value=Stretch(head.first, head.batches[:CHAPTER]))
        return self._ask(STORE, body, Purpose.STORE_CHAPTER, chapter=number)

    def _ask(self, dest: str, body: Any, purpose: Purpose, entry_ids: Sequence[str] = (), **about: Any) -> list[Effect]:
        number, effects = self._errands.ask(
            self.node_id, dest, body, purpose, self._moment, entries=dict.fromkeys(entry_ids), **about
        )
        self._offers.carry(entry_ids, number)
        return effects
