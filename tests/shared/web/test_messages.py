"""Every error that a schema can give has words in both languages, and they hold no input."""

import re
from typing import get_args

import pytest
from pydantic_core.core_schema import ErrorType

from shared.web.messages import known_types, message
from shared.web.validation import as_pointer, pointer

# Types that no wire schema can give: they are about Python values, callables, files, parsed JSON inside of text.
NOT_OURS = {
    *["no_such_attribute", "json_invalid", "json_type", "needs_python_object", "recursion_loop"],
    *[
        "frozen_field",
        "frozen_instance",
        "invalid_key",
        "get_attribute_error",
        "is_instance_of",
        "is_subclass_of",
    ],
    *[
        "callable_type",
        "mapping_type",
        "iterable_type",
        "iteration_error",
        "set_item_not_hashable",
        "dataclass_exact_type",
    ],
    *["arguments_type", "missing_argument", "unexpected_keyword_argument", "missing_keyword_only_argument"],
    *["unexpected_positional_argument", "missing_positional_only_argument", "multiple_argument_values"],
    *["default_factory_not_called", "missing_sentinel_error", "complex_type", "complex_str_parsing"],
    *["bytes_invalid_encoding", "string_not_ascii", "value_error", "assertion_error"],
    *["counter_type", "deque_type", "ellipsis_error", "fraction_parsing", "fraction_type"],
    *["frozen_dict_type", "named_tuple_type", "ordered_dict_type"],
}


def test_every_type_of_pydantic_has_words() -> None:
    assert set(get_args(ErrorType)) - NOT_OURS - known_types() == set()


@pytest.mark.parametrize("type", sorted(known_types()))
def test_the_words_are_in_two_languages_and_quote_nothing(type: str) -> None:
    context = _Everything()
    chinese, english = message(type, context, "zh"), message(type, context, "en")
    assert re.search(r"[\u4e00-\u9fff]", chinese)
    assert english.isascii()
    assert "{" not in chinese + english
    assert context.asked.isdisjoint({"input", "error", "tag", "input_value", "pattern"})


def test_a_type_that_is_new_gets_a_general_word() -> None:
    assert message("brand_new", {}, "en") == "Is not acceptable"
    assert message("string_too_long", {}, "zh") == "不合要求", "its number is missing"


def test_pointers_follow_rfc_6901() -> None:
    assert pointer(("requests", 3, "a/b", "c~d")) == "/requests/3/a~1b/c~0d"
    assert pointer(()) == ""
    assert as_pointer("place.road") == "/place/road"
    assert as_pointer("/place/road") == "/place/road"


class _Everything(dict[str, object]):
    """A context that has whatever is asked of it, and remembers what that was."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: set[str] = set()

    def __missing__(self, key: str) -> object:
        self.asked.add(key)
        return 7
