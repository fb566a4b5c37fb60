"""Sessions of these tests have threads of their own, as with a runtime that cannot share them.

A pool for the whole process is made once and for good; it would refuse the sessions that other tests make in the same
process. Sharing itself is tested in processes of its own.
"""

import onnxruntime
import pytest


@pytest.fixture(autouse=True)
def no_pool_for_the_whole_process(monkeypatch):
    monkeypatch.delattr(onnxruntime, "set_global_thread_pool_sizes", raising=False)
