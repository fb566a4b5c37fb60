"""A warning where the user's language loses more than the average in the recommended format, and only there."""

import fakes_compression
import msgspec
import pytest
from recommend_builders import FLAGSHIP

from advisor.recommend import compression
from advisor.recommend.advise import advise


@pytest.fixture(scope="module")
def picked(flagship):
    return flagship.row(flagship.pick.index)


def measured(picked, losing, **fields):
    return fakes_compression.result(
        losing=losing, model=picked.model, format=picked.format, fingerprint="", kind="embedding", **fields
    )


def caveats(laptop, *results, task=FLAGSHIP):
    results = [msgspec.structs.replace(item, fingerprint=laptop.fingerprint) for item in results]
    return " ".join(advise(task, laptop, compressions=results).pick.reason.caveats)


def test_the_users_language_that_loses_more_is_said_with_its_figures(laptop, picked):
    told = caveats(laptop, measured(picked, ("hi",)))
    assert "Measured here: in " in told
    assert "it loses more in Hindi (" in told
    assert "than in the average of 10 languages (a warning from 1.25 times on)." in told
    assert "choose a format with more bits" in told


def test_no_warning_where_another_language_loses_or_none_does(laptop, picked):
    assert "Measured here" not in caveats(laptop, measured(picked, ("th", "am")))
    assert "Measured here" not in caveats(laptop, measured(picked, ()))
    assert "Measured here" not in caveats(laptop)


def test_no_warning_from_another_model_format_or_computer(laptop, picked):
    hurt = measured(picked, ("hi",))
    assert "Measured here" not in caveats(laptop, msgspec.structs.replace(hurt, model="owner/other"))
    assert "Measured here" not in caveats(laptop, msgspec.structs.replace(hurt, format="onnx-int8-dynamic-other"))
    elsewhere = msgspec.structs.replace(hurt, fingerprint="elsewhere")
    assert "Measured here" not in " ".join(advise(FLAGSHIP, laptop, compressions=(elsewhere,)).pick.reason.caveats)


def test_the_languages_of_a_translations_target_count_too():
    hurt = fakes_compression.result(losing=("hi", "sw"))
    (told,) = compression.warnings((hurt,), hurt.model, hurt.format, ("en", "sw", "hi"))
    assert "Hindi (" in told
    assert " and Swahili (" in told or "Swahili (" in told
    assert list(compression.warnings((hurt,), hurt.model, hurt.format, ("en",))) == []


def test_the_newest_result_counts_and_a_format_that_loses_less_is_named():
    new = fakes_compression.result(losing=("hi",))
    old = fakes_compression.result(losing=("de",), created="2026-01-01T00:00:00+00:00")
    better = fakes_compression.result(losing=("hi",), format="onnx-int8", loss=0.02)
    (told,) = compression.warnings((new, old, better), new.model, new.format, ("hi", "de"))
    assert "German" not in told
    assert "ONNX int8 (blocks of 32) loses 4 % of that there" in told
