"""The steps of scripts, declared: what a client can do, and what can be expected of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from msgspec import Struct

from kafkasim.scenario import model
from kafkasim.scenario.expectations import (
    ERROR_TITLE,
    JSON,
    JSON_OBJECT,
    KEY,
    LIST_REPLY,
    OFFSETS,
    POLL_REPLY,
    POSITIONS,
    RAW_REPLY,
    SEND_REPLY,
)
from kafkasim.scenario.records import Either, Field, ListOf, Record, Values, Variants
from kafkasim.scenario.tree import Mapping, Scalar, Sequence
from kafkasim.scenario.values import Duration, Form, Integer, Mentioned, Nothing, OneOf

KEYS: Final = ListOf(KEY, "keys")


class ActionForm(Struct, frozen=True):
    """One action: how it is written, what it means, and what comes of it."""

    name: str
    form: Form[Any]
    meaning: str
    build: Callable[[Any, Values], model.Action]
    """Makes the action of what stands after its name; the values are those of the whole step."""
    reply: Form[Any] | None = None
    """What ``expect`` may say; None: there is nothing in a reply that could be expected."""
    asks: bool = True
    """Whether it sends a request, which may fail."""
    fields: tuple[Field, ...] = ()
    """What else may stand in the step."""
    example: str = ""
    in_script: bool = True
    """Whether it makes sense in ``steps:``, where one step ends before the next begins."""


_ASSIGN_LONG: Final = Record(
    "an assignment",
    [
        Field("keys", KEYS, "the keys this consumer reads from now on", required=True),
        Field(
            "from",
            OneOf("a place to start", ("committed", "start")),
            "`committed`: a key that is held keeps its position, a new one starts after its committed offset, or at 0; "
            "`start`: every key starts at 0",
            attribute="start",
        ),
    ],
    model.Assign,
)

_MAX_MESSAGES: Final = Field(
    "max_messages", Integer(1), "how many messages of each key the client keeps at most; default: all that come"
)


def _assign(value: model.Assign | tuple[str, ...], _step: Values) -> model.Action:
    return value if isinstance(value, model.Assign) else model.Assign(value)


ACTIONS: Final = (
    ActionForm(
        "send",
        Record(
            "a message",
            [
                Field("key", KEY, "the log to append to", required=True),
                Field("msg", JSON, "the message: any JSON value, null too", required=True),
            ],
            model.Send,
        ),
        "Appends a message. `expect`: `{offset: ...}`.",
        lambda value, _step: value,  # the record has made the action already
        SEND_REPLY,
        example="send: {key: k1, msg: hello}",
    ),
    ActionForm(
        "poll",
        Either([(Mapping, OFFSETS), (Scalar, Nothing())], "a mapping from keys to offsets, or nothing"),
        "Reads from these offsets on; without any, from this consumer's positions, which it advances. "
        "`expect`: the messages, `{key: [[offset, message], ...]}`, keys with none left out.",
        lambda value, step: model.Poll(value, step.get("max_messages")),
        POLL_REPLY,
        fields=(_MAX_MESSAGES,),
        example="poll: {k1: 0}",
    ),
    ActionForm(
        "commit_offsets",
        OFFSETS,
        "Says that everything up to and including these offsets has been processed.",
        lambda value, _step: model.CommitOffsets(value),
        example="commit_offsets: {k1: 0}",
    ),
    ActionForm(
        "list_committed_offsets",
        KEYS,
        "Asks for the committed offsets. `expect`: `{key: offset}`, keys without one left out.",
        lambda value, _step: model.ListCommittedOffsets(value),
        LIST_REPLY,
        example="list_committed_offsets: [k1]",
    ),
    ActionForm(
        "assign",
        Either([(Sequence, KEYS), (Mapping, _ASSIGN_LONG)], "a list of keys, or a mapping with `keys` and `from`"),
        "Says which keys this consumer reads from now on: a key it holds keeps its position, a new one starts after "
        "its committed offset, or at 0. `{keys: [k1], from: start}` starts every key at 0. "
        "`expect`: the positions, `{key: offset}`.",
        _assign,
        POSITIONS,
        example="assign: [k1]",
    ),
    ActionForm(
        "commit",
        Nothing(),
        "Commits what this consumer has polled so far.",
        lambda _value, _step: model.Commit(),
        example="commit:",
    ),
    ActionForm(
        "raw",
        JSON_OBJECT,
        "Sends any body. `expect`: the reply's body without `msg_id` and `in_reply_to`; of an error, write "
        "`expect_error`.",
        lambda value, _step: model.Raw(value),
        RAW_REPLY,
        example="raw: {type: frobnicate}",
    ),
    ActionForm(
        "sleep",
        Duration(),
        "Waits.",
        lambda value, _step: model.Sleep(value),
        asks=False,
        example="sleep: 10ms",
    ),
    ActionForm(
        "barrier",
        Mentioned("barrier", "the name of a barrier"),
        "Waits until every client that has this barrier is there.",
        lambda value, _step: model.Barrier(value),
        asks=False,
        in_script=False,
        example="barrier: ready",
    ),
    ActionForm(
        "crash",
        Nothing(),
        "The client is thrown away, with its positions, and starts afresh.",
        lambda _value, _step: model.Crash(),
        asks=False,
        example="crash:",
    ),
)
"""Everything a scripted client can do, in the order in which one learns it."""

_AS: Final = Field("as", Mentioned("client", "the name of a client"), "which client does this", required=True)


_NOT_HERE: Final = "only `steps` say who does each; this one is done by the client under whose name it stands"


def _both_expected(step: Values) -> None:
    if "expect" in step.marks and "expect_error" in step.marks:
        step.note("expect_error", "expected either `expect` or `expect_error`, got both")


def _step_record(action: ActionForm, *more: Field) -> Record[Any]:
    fields = [Field(action.name, action.form, action.meaning, required=True), *action.fields]
    elsewhere = {} if more else {"as": _NOT_HERE}
    elsewhere |= {"max_messages": f"only a poll has it, and this is `{action.name}`"}
    if action.reply is not None:
        fields.append(Field("expect", action.reply, "what the reply must say"))
    elif action.asks:
        elsewhere["expect"] = f"the reply to `{action.name}` says nothing to compare: without `expect` it must succeed"
    else:
        elsewhere["expect"] = f"`{action.name}` asks nobody, so there is no reply"
    if action.asks:
        fields.append(Field("expect_error", ERROR_TITLE, "the error that must come, by its name"))
    else:
        elsewhere["expect_error"] = f"`{action.name}` asks nobody, so there is no error"

    def build(values: Values) -> model.Step:
        return model.Step(
            action.build(values.get(action.name), values),
            values.get("expect"),
            "expect" in values,
            values.get("expect_error"),
            values.where,
        )

    def build_of_script(values: Values) -> model.ScriptStep:
        return model.ScriptStep(values.get("as"), build(values))

    for field in fields:
        elsewhere.pop(field.name, None)
    return Record(
        f"a step with `{action.name}`",
        [*more, *fields],
        build=build_of_script if more else build,
        check=_both_expected,
        also={"not": {"required": ["expect", "expect_error"]}} if action.reply is not None else {},
        elsewhere=elsewhere,
    )


STEP: Final = Variants(
    "an action",
    {action.name: _step_record(action) for action in ACTIONS},
    {"as": _NOT_HERE},
)
"""A step of a client's own script."""

SCRIPT_STEP: Final = Variants(
    "an action",
    {action.name: _step_record(action, _AS) for action in ACTIONS if action.in_script},
    {"barrier": "`steps` run one after the other, so there is nobody to wait for"},
)
"""A step of the one script over all clients."""
