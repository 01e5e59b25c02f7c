"""The journal's storage as Optuna tests its own."""

import pytest
from optuna.testing.pytest_storages import StorageTestCase

from zerokara.storage.journal import Journal

EXCEPTIONS = {"test_pickle_storage": "one process at a time holds a journal, so a copy in another could not write"}
"""Tests that do not apply, with the reason. They run all the same: one that passes is an error."""


class TestJournal(StorageTestCase):
    @pytest.fixture
    def storage(self, tmp_path, request):
        if reason := EXCEPTIONS.get(request.node.name):
            request.applymarker(pytest.mark.xfail(reason=reason, strict=True))
        with Journal(tmp_path / "journal.log") as journal:
            yield journal.storage()


def test_every_exception_names_a_test():
    assert all(hasattr(StorageTestCase, name.split("[")[0]) for name in EXCEPTIONS)
