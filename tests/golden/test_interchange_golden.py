"""Every form of one measurement, as it is written: names, order and units of the fields are other tools' to read."""

import json
import math

import energy_fakes
import fakes_report
import pytest

from advisor import __version__
from advisor.energy import standard
from advisor.report.interchange import aies, boamps, canonical, codecarbon, run, sci


@pytest.fixture(scope="module")
def document():
    profile = fakes_report.profile()
    chosen = standard.conditions(profile, region="DE", with_embodied=True)
    return canonical.build(run.of_probe(energy_fakes.probe(), num_parameters=118_000_000), profile, chosen)


def rounded(value):
    """The last digits follow the computer's mathematics library."""
    if isinstance(value, float) and value:
        return round(value, 9 - math.floor(math.log10(abs(value))))
    if isinstance(value, dict):
        return {key: rounded(item) for key, item in value.items()}
    return [rounded(item) for item in value] if isinstance(value, list) else value


def text(value):
    return json.dumps(rounded(value), indent=1).replace(f'"{__version__}"', '"VERSION"').replace(
        f"advisor {__version__}", "advisor VERSION"
    ) + "\n"  # fmt: skip


def test_the_canonical_form(matches, document):
    matches("energy.fit.json", text(document))


def test_the_row_of_codecarbon(matches, document):
    matches("energy.emissions.csv", codecarbon.render(document))


@pytest.mark.parametrize("name", [aies.REPORT, aies.SUMMARY])
def test_the_files_of_ai_energy_score(matches, document, name):
    matches(f"energy.aies.{name}", text(json.loads(aies.files(document)[name])))


def test_the_score_of_sci(matches, document):
    matches("energy.sci.json", text(sci.build(document)))


def test_the_report_of_boamps(matches, document):
    matches("energy.boamps.json", text(boamps.build(document)))
