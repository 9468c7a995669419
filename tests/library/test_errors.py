"""Course errors are caught by code that was written for torch."""

import pickle

import pytest

from course_lib import errors


@pytest.mark.parametrize(
    ("error", "bases"),
    [
        (errors.AssertionValueError, (AssertionError, ValueError)),
        (errors.AssertionTypeError, (AssertionError, TypeError)),
        (errors.ArgumentTypeError, (TypeError, ValueError)),
        (errors.EmptyBatchError, (IndexError, ValueError)),
    ],
)
def test_every_base_catches_it_also_after_a_journey_between_processes(error, bases):
    arrived = pickle.loads(pickle.dumps(error("what went wrong")))
    assert all(isinstance(arrived, base) for base in bases)
    assert str(arrived) == "what went wrong"
