"""Any sequence of operations, sensible or not: the engine answers as the naive reference does."""

import copy

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from kafkasim import LogEngine
from tests.core.reference import Call, Failed, ReferenceLog, put

KEYS = ("a", "b", "key with blanks", "ключ", "a\n")
keys = st.sampled_from(KEYS)
offsets = st.integers(0, 8) | st.just(2**64)
requests = st.dictionaries(keys, offsets, max_size=len(KEYS))
messages = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner, max_size=2)
)
rubbish = st.sampled_from([None, True, -1, 1.0, "", "0", b"k", ()])


class EngineAndReference(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        self.engine = LogEngine()
        self.reference = ReferenceLog()

    def agree_on(self, operation, *arguments):
        call = Call(operation, arguments)
        answer = put(call, self.engine)
        assert answer == put(call, self.reference)
        return answer

    @rule(key=keys, msg=messages)
    def send(self, key, msg):
        self.agree_on("send", key, msg)

    @rule(request=requests, limit=st.none() | st.integers(1, 4) | st.just(2**64))
    def poll(self, request, limit):
        found = self.agree_on("poll", request, limit)
        assert list(found) == [key for key in request if key in found]

    @rule(request=requests)
    def commit_offsets(self, request):
        self.agree_on("commit_offsets", request)

    @precondition(lambda self: self.reference.logs)
    @rule(data=st.data())
    def commit_what_exists(self, data):
        ends = self.reference.end_offsets()
        chosen = data.draw(st.sets(st.sampled_from(sorted(ends))))
        request = {key: data.draw(st.integers(0, ends[key] - 1)) for key in sorted(chosen)}
        assert self.agree_on("commit_offsets", request) is None

    @rule(request=requests)
    def check_commit(self, request):
        self.agree_on("check_commit", request)

    @rule(wanted=st.lists(keys))
    def list_committed_offsets(self, wanted):
        self.agree_on("list_committed_offsets", wanted)

    @rule()
    def go_on_with_a_copy(self):
        self.engine = copy.copy(self.engine)

    @rule(operation=st.sampled_from(["poll", "commit_offsets", "check_commit"]), request=requests, bad=rubbish)
    def ask_for_rubbish(self, operation, request, bad):
        for mangled in ({**request, "a": bad}, {**request, bad: 0}):
            if mangled != {**request, "0": 0}:  # the one piece of rubbish that is a key
                answer = put(Call(operation, (mangled,)), self.engine)
                assert isinstance(answer, Failed)
                assert answer.error == "MalformedRequestError"

    @invariant()
    def hold_the_same(self):
        assert self.engine.__getstate__() == self.reference.__getstate__()


EngineAndReference.TestCase.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)
TestEngineAndReference = EngineAndReference.TestCase
