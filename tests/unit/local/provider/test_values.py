"""Property values between Pulumi's protocol and plain Python."""

from __future__ import annotations

from typing import Any

import pytest

from local.provider import values
from local.resources.base import UNKNOWN
from local.resources.construct import ResourceReference


@pytest.mark.parametrize(
    "value",
    [
        1,
        1.5,
        True,
        "text",
        "",
        None,
        [],
        {},
        [1, {"a": None}],
        {"a": {"b": [UNKNOWN]}},
        values.secret("hush"),
    ],
)
def test_values_are_the_same_after_encoding_and_decoding(value: Any) -> None:
    decoded = values.decode(values.encode({"key": value}))["key"]

    assert (decoded, type(decoded)) == (value, type(value))


def test_a_resource_is_encoded_as_a_reference() -> None:
    encoded = values.decode(values.encode({"vpc": ResourceReference("urn:vpc", "vpc-1")}))

    assert encoded["vpc"] == values.reference("urn:vpc", "vpc-1")


def test_secrets_are_revealed_and_concealed_at_any_depth() -> None:
    closed = {"plain": 1, "list": [{"password": values.secret("hush")}], "all": values.secret({"a": 1})}

    opened = values.reveal(closed)

    assert opened == {"plain": 1, "list": [{"password": "hush"}], "all": {"a": 1}}
    assert values.conceal(opened, closed) == closed
    assert values.conceal(opened, {"list": closed["list"]}, {"all": closed["all"]}) == closed


def test_missing_values_are_not_concealed() -> None:
    assert values.conceal({"list": []}, {"list": [values.secret(1)], "other": values.secret(1)}) == {
        "list": []
    }


def test_an_unknown_is_found_at_any_depth() -> None:
    assert values.has_unknown({"a": [1, {"b": UNKNOWN}]})
    assert not values.has_unknown({"a": [1, {"b": "known"}]})
