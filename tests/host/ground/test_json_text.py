import pytest

# Lifts the recursion limit, as the chain's libraries do: without the bound, a deep text would then
# end the process instead of raising.
from py_ecc.optimized_bn128 import G1

from proofmill.host.ground.json_text import MOST_LEVELS, parse_json


def test_values_come_through():
    assert G1
    assert parse_json('{"a": [1, "[[[", null]}') == {"a": [1, "[[[", None]}


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 100_000, "[" * (MOST_LEVELS + 1)])
def test_deep_texts_are_refused(text):
    with pytest.raises(ValueError, match="more than 64 levels of brackets"):
        parse_json(text)


@pytest.mark.parametrize("text", ["", "{", "]", "[1,"])
def test_what_is_no_json_is_refused(text):
    with pytest.raises(ValueError):
        parse_json(text)
