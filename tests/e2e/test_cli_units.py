"""Standard units, presets, prices and fine-tuning on the command line: real processes, documents against schemas."""

import json
import os
import subprocess
import sys

import fakes_estimate as made
import jsonschema
import pytest

from advisor import resources, settings
from advisor.cli import energy_inputs

SMALL = "HuggingFaceTB/SmolLM2-135M-Instruct"


def run(*words, env=None):
    return subprocess.run(
        [sys.executable, "-m", "advisor", *words],
        capture_output=True,
        text=True,
        env={**os.environ, **(env or {})},
        timeout=240,
    )


def document(done, name):
    assert done.returncode == 0, done.stderr
    value = json.loads(done.stdout)
    jsonschema.validate(value, json.loads(resources.read(f"schema/{name}.schema.json")))
    return value


def test_an_estimate_with_everything_chosen():
    told = document(
        run("estimate", SMALL, "--preset", "aies:text-generation", "--region", "World", "--price", "0.25",
            "--currency", "INR", "--embodied", "--with", "num_queries_per_day=100", "--json"),
        "estimate",
    )  # fmt: skip
    use, energy = told["use"], told["energy_per_1000_queries"]["value"]
    assert told["workload"]["num_input_tokens"]["value"] == 369
    assert told["workload"]["num_output_tokens"]["value"] == 10
    assert use["energy_per_year"]["value"] == pytest.approx(energy * 36.5)
    assert use["carbon_per_1000_queries"]["value"] == pytest.approx(energy * 0.47294)
    assert told["carbon_per_1000_queries"] == use["carbon_per_1000_queries"]
    assert use["cost_per_year"]["value"] == pytest.approx(energy * 36.5 / 1000 * 0.25)
    assert use["cost_per_year"]["unit"] == "INR"
    assert use["embodied_per_year"]["evidence"] == "assumed"
    assert use["embodied_assumptions"]
    assert (use["grid"]["name"], use["grid"]["year"]) == ("World", 2024)
    assert use["sci_per_query"]["score"]["value"] == pytest.approx(
        use["sci_per_query"]["energy"]["value"] * 472.94 + use["sci_per_query"]["embodied"]["value"]
    )
    assert use["per_output_token"]["unit"] == "J/token"
    assert use["meanings"]
    assert use["boundary"]


def test_a_recommendation_says_a_year_only_where_it_is_known_and_carbon_only_where_it_is_chosen(tmp_path):
    bare = document(run("recommend", "--preset", "aies:text-generation", "-n", "1", "--json"), "recommend")
    use = bare["use"]
    assert use["energy_per_1000_queries"]["value"] > 0
    for name in ("energy_per_year", "carbon_per_1000_queries", "cost_per_1000_queries", "embodied_per_1000_queries"):
        assert (use[name]["value"], use[name]["evidence"]) == (None, "excluded"), name
    assert use["grid"] is None
    own = run("recommend", "--task", "chat, 20 a day", "--grid-g-per-kwh", "41", "--price", "0.3", "-n", "1")
    assert own.returncode == 0, own.stderr
    year = next(line for line in own.stdout.splitlines() if line.startswith("A year at 20 queries a day:"))
    assert "CO2e" in year
    assert "EUR" in year
    assert "A year is like" in own.stdout


def test_adapters_take_less_than_all_weights():
    told = document(
        run("finetune", SMALL, "--examples", "1000", "--tokens", "256", "--rank", "16", "--json"), "finetune"
    )
    full, lora, qlora = told["methods"]
    assert full["trained"]["value"] == told["parameters"]["value"] == 134_515_008
    assert lora["trained"]["value"] == qlora["trained"]["value"] == 2 * 460_800
    assert full["memory"]["value"] > lora["memory"]["value"] > qlora["memory"]["value"]
    assert full["energy"]["value"] > lora["energy"]["value"]
    assert told["steps"]["value"] == 3000
    plain = run("finetune", SMALL, "--examples", "1000", "--tokens", "256")
    assert "Adapters take" in plain.stdout
    assert "1,000 examples of 256 tokens, 3 times over: 3,000 steps." in plain.stdout


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("recommend",), "task-missing", "--preset aies:text-generation"),
        (("recommend", "--preset", "aies:poetry"), "aies-unknown", "aies:reasoning"),
        (("recommend", "--preset", "poetry"), "preset-unknown", "short-chat"),
        (("estimate", SMALL, "--grid-g-per-kwh", "-3"), "intensity-invalid", "grid_g_per_kwh"),
        (("estimate", SMALL, "--grid-g-per-kwh", "nan"), "intensity-invalid", "grid_g_per_kwh"),
        (("estimate", SMALL, "--price", "-1"), "price-invalid", "price_per_kwh"),
        (("estimate", SMALL, "--price", "1", "--currency", "E1"), "currency-invalid", "currency"),
        (("estimate", SMALL, "--region", "Atlantis"), "region-unknown", "Atlantis"),
        (("finetune", SMALL, "--examples", "0", "--tokens", "9"), "plan-invalid", "num_examples"),
        (("finetune", SMALL, "--examples", "1", "--tokens", "9", "--rank", "999"), "rank-invalid", "1 to 192"),
    ],
)
def test_bad_input_is_named_with_a_remedy(words, code, said):
    done = run(*words, "--json")
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert json.loads(done.stdout)["error"]["code"] == code
    assert said in done.stderr


def chosen(**changes):
    nothing = dict.fromkeys(("num_queries_per_day", "region", "g_per_kwh", "price_per_kwh", "currency"))
    return energy_inputs.conditions(made.machine(), **{**nothing, "with_embodied": False, **changes})


def test_the_settings_fill_what_is_not_said_and_what_is_said_wins():
    assert chosen().intensity is None
    assert chosen().price is None
    kept = settings.Settings(region="DEU", grid_g_per_kwh=50.0, price_per_kwh=0.2, currency="INR", with_embodied=True)
    settings.save(kept)
    told = chosen()
    assert (told.intensity.g_per_kwh.value, told.price.value, told.price.unit) == (50.0, 0.2, "INR/kWh")
    assert told.embodied is not None
    said = chosen(region="FRA", price_per_kwh=0.4, currency="EUR")
    assert (said.intensity.iso3, said.price.value, said.price.unit) == ("FRA", 0.4, "EUR/kWh")
    assert chosen(region="FRA", g_per_kwh=41.0).intensity.g_per_kwh.value == 41.0
    assert energy_inputs.own_intensity(None, None) == 50.0
    assert energy_inputs.own_intensity(None, "FRA") is None


def test_presets_give_words_and_sizes():
    assert energy_inputs.task_words("mine", None) == ("mine", {})
    words, fields = energy_inputs.task_words(None, "aies:speech-recognition")
    assert (words, fields["kind"], fields["audio_s"]) == ("Speech to text", "speech-recognition", 10.0)
    words, fields = energy_inputs.task_words("mine", "short-chat")
    assert (words, fields["num_input_tokens"], fields["num_output_tokens"]) == ("mine", 128, 128)
    assert "audio_s" not in fields
