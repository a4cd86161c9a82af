"""A secret never prints."""

import copy
import dataclasses
import json
import pickle
import traceback
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rblwatch.core.settings import Channel, Secret

TEXT = "s3cr3t-t0ken"
SECRET = Secret(TEXT)


@pytest.mark.parametrize(
    "shown",
    [
        # As a value of its own, in every way to format one.
        repr(SECRET),
        str(SECRET),
        f"{SECRET}",
        f"{SECRET!r:>20}",
        f"{SECRET:>20}",
        "%s" % SECRET,  # noqa: UP031 - the way in which logging formats
        "%r" % (SECRET,),  # noqa: UP031
        "{0} {0!r}".format(SECRET),  # noqa: UP032
        # Inside of others.
        str([SECRET]),
        repr({"key": SECRET}),
        repr(Channel(name="ops-chat", url=SECRET)),
        str(dataclasses.replace(Channel(name="ops-chat"), secret=SECRET)),
        # In an exception.
        str(ValueError(SECRET)),
        repr(ValueError(SECRET)),
    ],
)
def test_a_secret_prints_as_asterisks(shown: str) -> None:
    assert TEXT not in shown
    assert "***" in shown


def fail(secret: Secret) -> None:
    raise LookupError(secret)


def test_a_traceback_with_local_variables_shows_no_secret() -> None:
    with pytest.raises(LookupError) as caught:
        fail(SECRET)
    shown = "".join(traceback.TracebackException.from_exception(caught.value, capture_locals=True).format())
    assert "secret = ***" in shown
    assert TEXT not in shown


@pytest.mark.parametrize(
    "written",
    [
        # Nothing writes a secret somewhere by accident: each of these is refused.
        json.dumps,
        pickle.dumps,
        copy.copy,
        copy.deepcopy,
        lambda secret: pickle.dumps(Channel(name="ops-chat", url=secret)),
        lambda secret: json.dumps(vars(secret)),
        lambda secret: dataclasses.asdict(Channel(name="ops-chat", url=secret)),
        lambda secret: secret + "",
        bytes,
    ],
)
def test_what_would_write_a_secret_down_is_refused(written: Callable[[Secret], object]) -> None:
    with pytest.raises(TypeError) as caught:
        written(SECRET)
    assert TEXT not in str(caught.value)


def test_only_revealing_gives_the_text() -> None:
    assert SECRET.reveal() == TEXT


@given(st.text(), st.text())
def test_secrets_are_equal_as_their_texts_are(one: str, other: str) -> None:
    assert (Secret(one) == Secret(other)) == (one == other)
    assert hash(Secret(one)) == hash(Secret(one))
    assert Secret(one) != one
