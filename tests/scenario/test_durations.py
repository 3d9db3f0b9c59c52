import pytest
from hypothesis import given
from hypothesis import strategies as st

from kafkasim.scenario.durations import UNITS, parse_duration, show_duration


@pytest.mark.parametrize(
    ("text", "nanoseconds"),
    [
        ("10ms", 10_000_000),
        ("1.5s", 1_500_000_000),
        ("2m", 120_000_000_000),
        ("1h", 3_600_000_000_000),
        ("7us", 7_000),
        ("7ns", 7),
        ("0", 0),
        ("1", 1_000_000_000),
        (".5", 500_000_000),
        ("1.", 1_000_000_000),
        ("+0.5", 500_000_000),  # a number as YAML writes them
        ("1e-3", 1_000_000),
        ("0.1", 100_000_000),
        ("0.000000001", 1),
        ("1.000000001s", 1_000_000_001),
        ("9007199254740993ns", 9_007_199_254_740_993),  # the first that a float cannot hold
    ],
)
def test_a_duration_is_read_to_the_nanosecond(text, nanoseconds):
    assert parse_duration(text) == nanoseconds


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "such as"),
        ("ms", "such as"),
        ("10 parsecs", "such as"),
        ("1,5s", "such as"),
        ("1_000", "such as"),
        ("10 ms", "such as"),
        (" 10ms", "such as"),
        ("+10ms", "such as"),
        ("1" + 5000 * "0" + "ms", "at most 100 characters, got 5,003"),
        ("10MS", "such as"),
        ("nan", "such as"),
        ("-1s", "from 0 on"),
        ("-0.5", "from 0 on"),
        ("0.5ns", "whole number of nanoseconds"),
        ("1.00000000000000000000000000000000000000001s", "whole number of nanoseconds"),
        ("300000h", None),
        ("9e99", "292 years"),
        ("99999999999999999999", "292 years"),
    ],
)
def test_what_is_no_duration_says_why(text, why):
    if why is None:
        assert parse_duration(text) == 300_000 * UNITS["h"]
    else:
        with pytest.raises(ValueError, match=why):
            parse_duration(text)


@given(st.integers(0, 2**63 - 1))
def test_a_duration_that_is_shown_is_read_back(nanoseconds):
    assert parse_duration(show_duration(nanoseconds)) == nanoseconds


@given(st.integers(0, 10**6), st.integers(0, 9), st.sampled_from(sorted(UNITS)))
def test_decimal_fractions_are_exact(whole, digit, unit):
    tenths = (whole * 10 + digit) * UNITS[unit]
    if tenths % 10 == 0:
        assert parse_duration(f"{whole}.{digit}{unit}") == tenths // 10
