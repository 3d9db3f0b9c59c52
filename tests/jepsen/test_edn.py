"""EDN: every form is read as what it is, written as what is read again, and broken text is told by line and column."""

import math
from contextlib import contextmanager, suppress
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kafkasim.jepsen.edn import EdnError, EdnSet, Keyword, Symbol, Tagged, read_forms, stream_forms, to_edn


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("nil", None),
        ("true", True),
        ("false", False),
        ("0", 0),
        ("-17", -17),
        ("+17", 17),
        ("42N", 42),
        ("0x2a", 42),
        ("052", 42),
        ("2r101010", 42),
        ("9223372036854775808", 2**63),
        ("4.5", 4.5),
        ("-1e3", -1000.0),
        ("4.50M", Decimal("4.50")),
        ("3/6", Fraction(1, 2)),
        ("##Inf", math.inf),
        ("##-Inf", -math.inf),
        (r'"a \"b\" \n \\ \u00e9 \t"', 'a "b" \n \\ é \t'),
        ('"two\nlines"', "two\nlines"),
        ('"ключ"', "ключ"),
        (r"\c", "c"),
        (r"\newline", "\n"),
        (r"\u00e9", "é"),
        (":ok", Keyword("ok")),
        (":jepsen.nemesis/start", Keyword("jepsen.nemesis/start")),
        ("::local", Keyword("local")),
        (":seek-to-beginning?", Keyword("seek-to-beginning?")),
        ("name", Symbol("name")),
        ("+", Symbol("+")),
        ("-a", Symbol("-a")),
        ("clojure.core/map'", Symbol("clojure.core/map'")),
        ("[1, 2 [3]]", [1, 2, [3]]),
        ("(1 2)", [1, 2]),
        ("[]", []),
        ("{:a 1, :b {}}", {"a": 1, "b": {}}),
        ("{[1 2] 3}", {(1, 2): 3}),
        ("{{:a [1]} 3}", {(("a", (1,)),): 3}),
        ("#{1 2}", EdnSet((1, 2))),
        ("#{[1] [1 2]}", EdnSet(([1], [1, 2]))),
        ("#jepsen.history.Op{:index 1}", Tagged("jepsen.history.Op", {"index": 1})),
        ('#inst "2026-11-25"', Tagged("inst", "2026-11-25")),
        ("[1 #_2 #_[3 4] 5 #_6]", [1, 5]),
        ("[#_ #_ 1 2 3]", [3]),
        ("#_ #tag 1 2", 2),
        ("; a comment\n7 ; another", 7),
        (",,7,,", 7),
    ],
)
def test_a_form_is_read_as_what_it_is(text, form):
    [read] = read_forms(text)
    assert read == form
    assert type(read) is type(form)


def test_nan_is_read_as_what_it_is():
    [read] = read_forms("##NaN")
    assert math.isnan(read)


def test_forms_follow_each_other_with_or_without_blanks():
    assert read_forms('1"a"[2]{:b 3}nil') == [1, "a", [2], {"b": 3}, None]
    assert read_forms(" \n,") == []


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[1 2", "1:5: expected ], got the end"),
        ("[1\n 2)]", "2:3: expected ], got )"),
        ("]", "1:1: expected a form, got ]"),
        ('{:a "b', '1:5: expected " at the end of the text, got the end'),
        ("{:a}", "1:4: expected a value for the last key of the map"),
        ("1 2x", "1:3: expected a number, got 2x"),
        ("08", "1:1: expected a number, got 08"),
        ("1/0", "1:1: expected a number, got 1/0"),
        ("99r1", "1:1: expected a number, got 99r1"),
        (r'"\q"', r"1:1: expected one of \n \t \r \b \f \" \\ \uXXXX, got \q"),
        (r"\unknown", r"1:1: expected a character, got \unknown"),
        ("##Info", "1:1: expected ##Inf, ##-Inf or ##NaN, got ##Info"),
        ("# a", "1:1: expected a tag after #"),
        ("[#tag]", "1:6: expected a form after #tag"),
        ("#_", "1:3: expected a form after #_"),
        (": a", "1:1: expected a name after :"),
        ("\\", "1:1: expected a character, got \\"),
    ],
)
def test_text_that_is_no_edn_is_told_by_line_and_column(text, told):
    with pytest.raises(EdnError) as raised:
        read_forms(text)
    assert str(raised.value) == told


@given(st.text(alphabet='[](){}#_"\\:;,.+-/019aNMe \n~é'))
def test_whatever_the_text_is_it_is_read_or_told_where_it_is_wrong(text):
    with suppress(EdnError), _told_within(text):
        read_forms(text)


@contextmanager
def _told_within(text):
    """Has an error that is raised be about a place that the text has."""
    try:
        yield
    except EdnError as error:
        lines = text.split("\n")
        within = 1 <= error.line <= len(lines) and 1 <= error.column <= len(lines[error.line - 1]) + 1
        if not within:
            raise AssertionError(f"told of line {error.line}, column {error.column}") from error
        raise


TOO_DEEP = "expected no more than 200 forms inside one another"
NESTING = pytest.mark.parametrize(
    ("before", "after", "most"),
    [
        ("[", "]", 200),
        ("(", ")", 200),
        ("#{", "}", 200),
        ("{:a ", "}", 200),
        ("{[", "] 1}", 100),
        ("#a [", "]", 100),
        ("#a ", "", 200),
    ],
)


@NESTING
def test_forms_are_nested_so_deep_that_one_can_work_on_them_by_recursion(before: str, after: str, most: int):
    [form] = read_forms(before * most + "1" + after * most)
    assert len(to_edn(form)) > most
    less = most - 1
    [key] = read_forms(f"{{{before * less} 1 {after * less} :x}}")
    assert list(key.values()) == ["x"]


@NESTING
@pytest.mark.parametrize("more", [1, 100_000])
def test_forms_that_are_nested_deeper_are_refused(before: str, after: str, most: int, more: int):
    with pytest.raises(EdnError, match=TOO_DEEP):
        read_forms(before * (most + more) + "1" + after * (most + more))


def test_tags_do_not_make_forms_deeper():
    with pytest.raises(EdnError, match=TOO_DEEP):
        read_forms(("#a " * 150 + "[") * 150 + "]" * 150)


def test_halves_of_surrogate_pairs_make_one_character_and_alone_stay_halves():
    assert read_forms(r'"\ud83d\ude00" "\ude00\ud83d" "x\ud83d"') == ["😀", "\ude00\ud83d", "x\ud83d"]
    assert to_edn("x\ud83d") == r'"x\ud83d"'
    assert read_forms(to_edn("x\ud83d")) == ["x\ud83d"]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("9" * 5000, Decimal("9" * 5000)),
        ("-" + "9" * 5000 + "N", Decimal("-" + "9" * 5000)),
        ("0x" + "f" * 5000, Decimal(16**5000 - 1)),
        ("-2r1" + "0" * 20_000, Decimal(-(2**20_000))),
    ],
)
def test_integers_of_thousands_of_digits_keep_their_value(text: str, value: Decimal):
    assert read_forms(text) == [value]
    assert read_forms(to_edn(value)) == [value]


NAMES = st.from_regex(r"[a-z][a-z0-9.?!*-]{0,5}", fullmatch=True)
ATOMS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.decimals(allow_nan=False, allow_infinity=False)
    | st.fractions().filter(lambda fraction: fraction.denominator > 1)
    | st.text()
    | NAMES.map(Keyword)
    | NAMES.filter(lambda name: name not in ("nil", "true", "false")).map(Symbol)
)
FORMS = st.recursive(
    ATOMS,
    lambda forms: (
        st.lists(forms)
        | st.dictionaries(ATOMS.filter(lambda atom: not isinstance(atom, float | Decimal | bool)), forms)
        | st.lists(forms).map(EdnSet)
        | st.builds(Tagged, NAMES, forms)
    ),
)


@given(FORMS)
def test_a_form_that_is_written_is_read_as_the_same_form(form):
    written = to_edn(form)
    assert "\n" not in written
    assert read_forms(written) == [form]


@given(st.lists(FORMS, max_size=5), st.sampled_from(["\n", "\n\n", " \n;x\n"]), st.data())
def test_a_stream_gives_the_same_forms_however_it_is_cut(forms, between, data):
    text = between.join(map(to_edn, forms)).encode()
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=8)))
    pieces = [text[start:end] for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    assert [form for some in stream_forms(pieces) for form in some] == forms


def test_a_stream_gives_the_forms_of_whole_lines_before_the_next_piece_is_taken():
    taken = []

    def pieces():
        for piece in (b"1\n2\n", b"3\n", b"4"):
            taken.append(piece)
            yield piece

    stream = stream_forms(pieces())
    assert (next(stream), len(taken)) == ([1, 2], 1)
    assert (next(stream), len(taken)) == ([3], 2)
    assert list(stream) == [[4]]


@pytest.mark.parametrize(
    ("pieces", "told"),
    [
        ([b"1\n2\n", b"3\n[4)\n"], "4:3: expected ], got )"),
        ([b"1\n", b"[2\n3\n", b"4"], "4:2: expected ], got the end"),
        ([b'1\n"\xc3\xa9\xff"\n'], "2:3: expected UTF-8"),
    ],
)
def test_what_is_wrong_in_a_stream_is_told_by_its_line_in_the_whole(pieces, told):
    with pytest.raises(EdnError) as raised:
        list(stream_forms(pieces))
    assert str(raised.value) == told


def test_a_form_of_many_pieces_is_not_read_anew_with_each():
    pieces = [b"["] + [b"1 2 3\n"] * 20_000 + [b"]"]
    [[form]] = stream_forms(pieces)  # takes minutes if every piece is a reason to begin again
    assert len(form) == 60_000
