"""Marks of tests."""

import pytest

NEW_VALUES = pytest.mark.filterwarnings("ignore:.*(treated as unknown|replaced by the training average)")
"""For predictions of rows whose values training lacked, as they are meant to be there."""
