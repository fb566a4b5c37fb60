"""The sentence on what probes taught, at each point of its way."""

import pytest

from advisor.estimate.learning import Learned
from advisor.report import calibration


@pytest.mark.parametrize(
    ("learned", "num_made", "words"),
    [
        (None, 0, ""),
        (Learned(), 0, ""),
        (None, 2, "2 probes made here. Calibrate this computer, and"),
        (Learned(), 1, "1 probe made here, none of which can correct"),
        (Learned(num_probes=1), 1, "1 probe made here; one more tells"),
        (
            Learned(num_probes=3, typical_error_share=0.06),
            5,
            "3 probes made here; typical error of an estimate now 6%.",
        ),
    ],
)
def test_it_says_what_there_is_to_know(learned, num_made, words):
    found = calibration.lessons(learned, num_made=num_made)
    assert found.startswith(words)
    assert bool(found) == bool(words)
