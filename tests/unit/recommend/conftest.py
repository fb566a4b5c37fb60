"""What the tests of recommendations share."""

import pytest
from recommend_builders import FLAGSHIP, build_machine

from advisor.recommend.advise import advise
from advisor.task.model import Workload


@pytest.fixture
def laptop():
    return build_machine()


@pytest.fixture(scope="session")
def flagship():
    return advise(FLAGSHIP, build_machine())


@pytest.fixture
def sizes():
    return Workload(num_input_tokens=128, num_output_tokens=0, num_context_tokens=512)
