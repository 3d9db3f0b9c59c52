"""Why each anomaly is proof, and what looking for it cannot see: words for ``kafkasim explain`` and the reference."""

from __future__ import annotations

from typing import Final

from msgspec import Struct


class Reason(Struct, frozen=True):
    """Why one kind of anomaly proves that the system broke a promise, and what escapes who looks for it."""

    proof: str
    """Why no system that keeps its promises can have answered so."""
    blind: str
    """What may be wrong all the same, or cannot be judged."""


REASONS: Final[dict[str, Reason]] = {
    "inconsistent-offsets": Reason(
        "An offset is given once, to one message. Whoever reads it must get that message, today and tomorrow, so two "
        "messages at one offset mean that one was overwritten, or that readers are shown different logs.",
        "Of two messages that are equal only the sends tell: where neither was acknowledged, nothing shows.",
    ),
    "duplicate": Reason(
        "Each send appends once. A message at more offsets than it was sent has been appended by the system itself, "
        "or was told at an offset where it is not.",
        "Where a message was sent several times, some of them in vain, it may stand at as many offsets as there were "
        "sends, although fewer were stored.",
    ),
    "lost-write": Reason(
        "The acknowledgement said that the message is in the log, and a poll returns what is in the log from the "
        "offset asked for on, without leaving anything out. A poll that passed over the message shows that it is not "
        "there.",
        "A message above everything that was polled may be lost as well; only polls at the end of a run can tell, see "
        "`unseen`. A poll that does not say where it began proves nothing about what lies below its first message.",
    ),
    "unseen": Reason(
        "At the end of a run, when nothing is sent any more, polls read each key from offset 0 until nothing more "
        "comes, at each node by a reader of its own. What was acknowledged and does not come then either is not in the "
        "log. What others got and one reader does not, its node has never learned of, though it was given the time: a "
        "log on several nodes is one log.",
        "A key that was not read to its end, because the run was broken off or a node did not answer, is not judged. A "
        "message below the highest offset that a reader returned is not looked for: a reader that passed it over is "
        "told of as `int-poll-skip`, `wrong-start` or `poll-skip`. Where readers shared the reading of a key, or it is "
        "not recorded from where they read, only what none of them returned is found; histories of Jepsen's do not say "
        "which polls were the final ones.",
    ),
    "offset-gap": Reason(
        "Where offsets are promised to be 0, 1, 2 and so on, each offset below a known one was given to some send. If "
        "every send is accounted for elsewhere, the offset was given to nobody.",
        "Sends of unknown outcome may have filled a gap, so each of them excuses one.",
    ),
    "aborted-read": Reason(
        "A definite error says that the message was not stored and never will be: its sender may send it anew. A poll "
        "that returns it shows that it was stored all the same, so that a retry would store it twice.",
        "Of several equal messages, one that was acknowledged excuses those that were refused.",
    ),
    "phantom-read": Reason(
        "A log holds what was sent to it. A message that nobody sent to the key was made up, damaged, or belongs to "
        "another key.",
        "Messages sent by clients that are not in the history look made up: a history must hold everybody's sends.",
    ),
    "future-read": Reason(
        "When the poll ended, nobody had begun to send the message, so the system cannot have had it.",
        "Clocks that disagree show the same; take all times from one machine.",
    ),
    "int-poll-skip": Reason(
        "A poll returns a piece of the log without holes. An offset between two of its messages that is known to "
        "exist was there to be returned.",
        "Offsets that only exist where nobody ever looked may have been left out unnoticed.",
    ),
    "int-nonmonotonic-poll": Reason(
        "The log has one order, that of its offsets, and a poll returns messages in that order, each once.",
        "A poll that leaves something out but keeps the order is `int-poll-skip`.",
    ),
    "wrong-start": Reason(
        "A poll names the offset from which it wants to read. A reply that begins below gives what was not asked for; "
        "one that begins above an existing message hides it.",
        "A reply with nothing at all is no wrong start; at level `linearizable` it may be a `stale-poll`.",
    ),
    "poll-skip": Reason(
        "A consumer that goes on where it stopped gets the next message there is. One that it never gets is lost to "
        "it, though it is in the log.",
        "After an assignment a consumer may stand elsewhere; where it asked from another offset, nothing is compared.",
    ),
    "nonmonotonic-poll": Reason(
        "A consumer that goes on where it stopped is never given again what it has had: it would process it twice.",
        "As with `poll-skip`, only polls that go on where the last one ended are compared.",
    ),
    "nonmonotonic-send": Reason(
        "A client sends its second message when the first is in the log, and each message is appended at the end. So "
        "the second has the greater offset.",
        "Sends of different clients are compared only at level `linearizable`, see `nonmonotonic-offsets`.",
    ),
    "unrequested-key": Reason(
        "A reply speaks of the keys of its request. A client that did not ask for a key has no use for what it is "
        "told, and a careless one takes it for its own.",
        "Where the history does not say what was asked for, nothing can be said.",
    ),
    "malformed-reply": Reason(
        "The protocol says of each reply which fields it has and what is in them. A client cannot use a reply of "
        "another form, or worse, uses it wrongly: an offset of -1 may be a failure in disguise.",
        "A reply of the right form may be wrong in what it says; the other anomalies are about that.",
    ),
    "unexpected-error": Reason(
        "A poll or a list of any key succeeds, if with nothing, and so does a commit of what was polled. An error "
        "there makes a client fail that has done everything right.",
        "Errors that ask to try again are always allowed, and so is any error while a fault is in force.",
    ),
    "no-reply": Reason(
        "The request reached a node that ran, and nothing kept its answer from coming back: the node did not answer.",
        "Needs a history that says which requests and replies were lost; foreign ones do not.",
    ),
    "node-crash": Reason(
        "Nobody had told the node to end.",
        "A node that hangs is not one that has ended; see `no-reply`.",
    ),
    "malformed-message": Reason(
        "A node's standard output is its line to the network. What is no message there can reach nobody, and what it "
        "was meant to say is lost; a line for people belongs on standard error.",
        "Needs a run in which nodes are programs: a node in this process, or a recorded history, has no lines. The "
        "body of what nodes say to each other may be of any form.",
    ),
    "stray-reply": Reason(
        "A request has one answer, which names it. One that was answered already, or never asked, is answered by a "
        "node that has mixed up its requests: whoever waits for an answer may take this one for it.",
        "An answer to the wrong one of two requests that both wait is not stray; it is seen by what it says. Where the "
        "network repeats a request, it may be answered as often. How often nodes answer each other is up to them.",
    ),
    "unknown-destination": Reason(
        "The names of the nodes came with `init`, and clients and services are known by the messages they send. There "
        "was nobody of that name, so the message can reach nobody.",
        "A message to somebody else than was meant is no breach of the protocol.",
    ),
    "commit-lost": Reason(
        "An acknowledged commit says: this is done, nobody needs to process it again. Who asks later and is told less "
        "processes finished work once more.",
        "While a commit is under way, either answer is right. Systems that let a later commit set the offset back "
        "(`commits: last-write`) are not judged.",
    ),
    "commit-regression": Reason(
        "What a list has told, others may have acted upon. A committed offset only grows, so no later list tells less.",
        "Lists that overlap in time may be told different things.",
    ),
    "commit-phantom": Reason(
        "Committed offsets come from commits. One that nobody tried to commit was made up: a consumer that resumes "
        "there skips messages, or repeats them.",
        "An offset that somebody tried to commit, and was not told whether it worked, is no phantom.",
    ),
    "aborted-commit": Reason(
        "A refused commit changes nothing, of several keys none. Who is told its offset resumes behind work that "
        "nobody has finished.",
        "Where another commit of the same offset may have worked, nothing is proved.",
    ),
    "commit-past-end": Reason(
        "Where the system promises to refuse it: no message can have been at the offset yet, so nobody can have "
        "processed it. When one comes, whoever resumes behind it never sees it.",
        "A send of unknown outcome may have been there, and excuses the commit.",
    ),
    "stale-commit": Reason(
        "Commits and lists of a key must fit one order that agrees with time, in which each list tells the greatest "
        "commit before it. Here every order fails, though no pair of them contradicts.",
        "Judged at level `linearizable` alone.",
    ),
    "commit-skip": Reason(
        "It is no proof against the system: somebody committed what nobody had read, and a consumer resumed behind "
        "it. The message may still be read from the start.",
        "A consumer that read a message and was not in the history looks like nobody.",
    ),
    "stale-poll": Reason(
        "The message was in the log before the poll began: its send had been answered, or another poll had returned "
        "it. A poll that happens at one instant after that must return it.",
        "Polls that may be cut short prove only that nothing is missing up to where they ended.",
    ),
    "nonmonotonic-offsets": Reason(
        "When the send began, a higher offset was taken already. Messages are appended at the end, so its own must be "
        "higher still.",
        "Sends that overlap in time may get their offsets in any order.",
    ),
    "nonatomic-poll": Reason(
        "The system promises that a poll of several keys reads them all at one instant. Each key alone is fine here, "
        "but there is no instant at which all of them were like that.",
        "Where keys are promised to be read one after the other (`atomic_keys: false`) it is not looked for.",
    ),
    "nonatomic-commit": Reason(
        "The system promises that a commit of several keys takes effect at one instant, and that a list reads at one. "
        "Each key alone is fine here, but somebody saw half of it.",
        "Where `atomic_keys: false` is promised it is not looked for.",
    ),
    "int-send-skip": Reason(
        "It is no proof against the system: transactions of several clients may append in turn. It tells that they do.",
        "Only histories with transactions of several steps have it.",
    ),
    "int-nonmonotonic-send": Reason(
        "The sends of a transaction are appended in the order in which it made them.",
        "Only histories with transactions of several steps have it.",
    ),
    "precommitted-read": Reason(
        "What a transaction sends is for nobody to read before it is done, not for itself either: it could still fail.",
        "Only histories with transactions of several steps have it.",
    ),
}
