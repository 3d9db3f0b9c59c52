"""Messages are equal when their canonical JSON is."""

from __future__ import annotations

import json
from decimal import Decimal
from fractions import Fraction
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kafkasim.checkers.identity import identity

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-3, 3)
    | st.integers(2**53 - 2, 2**53 + 2)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from([0.0, -0.0, 1.0, 2.0**53, 1e23, 10**23])
    | st.text(max_size=2),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner, max_size=3),
    max_leaves=5,
)


def canonical(value: Any) -> str:
    """The definition, written the slow way: keys sorted, numbers by exact value."""
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return json.dumps(value)
    if isinstance(value, int | float):
        return str(Fraction(json.dumps(value)))
    if isinstance(value, list):
        return f"[{','.join(map(canonical, value))}]"
    return f"{{{','.join(f'{json.dumps(name)}:{canonical(value[name])}' for name in sorted(value))}}}"


@given(VALUES, VALUES)
def test_two_messages_are_one_exactly_when_their_canonical_json_is(left: Any, right: Any):
    assert (identity(left) == identity(right)) == (canonical(left) == canonical(right))


@given(VALUES)
def test_equal_messages_have_equal_hashes(value: Any):
    again = json.loads(json.dumps(value, sort_keys=True))
    assert {identity(value): 1} == {identity(again): 1}


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (1, True),
        (0, False),
        (1, "1"),
        (None, "null"),
        ([], {}),
        ([1, 2], [[1], 2]),
        ([1], [True]),
        ({"a": 1}, {"a": True}),
    ],
)
def test_what_python_or_a_careless_text_would_confuse_stays_apart(left: Any, right: Any):
    assert identity(left) != identity(right)


@pytest.mark.parametrize(("left", "right"), [(1, 1.0), (0, -0.0), (1.5, Decimal("1.50")), ((1, 2), [1, 2])])
def test_one_value_in_two_types_is_one_message(left: Any, right: Any):
    assert identity(left) == identity(right)
    assert hash(identity(left)) == hash(identity(right))


def test_escapes_are_decoded_and_key_order_does_not_matter():
    left, right = (
        msgspec.json.decode(text) for text in (rb'{"\u0061": "\u00e9", "b": 1}', '{"b": 1, "a": "é"}'.encode())
    )
    assert identity(left) == identity(right)


def test_nesting_as_deep_as_memory_allows_is_no_problem():
    deep: Any = 1
    for _ in range(100_000):
        deep = [deep]
    assert len({identity(deep), identity([deep])}) == 2


def test_what_no_json_can_be_has_an_identity_too():
    assert identity({1, 2}) == identity({1, 2})
    assert identity(float("nan")) == identity(float("nan"))
    assert identity(b"a") != identity("a")
