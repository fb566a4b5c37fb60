"""Reasons and caveats: the right sentence for each situation, with its numbers."""

import math

import msgspec
import pytest
from recommend_builders import FLAGSHIP, GIB, build_machine, build_probe, cut

from advisor.catalog import formats
from advisor.catalog.load import catalog
from advisor.hardware.model import Fact, GpuFacts
from advisor.recommend import explain
from advisor.recommend.advise import advise
from advisor.recommend.quality import low_bit
from advisor.recommend.recommendation import Recommendation
from advisor.task.model import TaskSpec

SEARCH = TaskSpec(kind="sentence-embedding", languages=("en",))
SMALL, MIDDLE, LARGE = "BAAI/bge-small-en-v1.5", "BAAI/bge-base-en-v1.5", "BAAI/bge-large-en-v1.5"


def reason(task, models, machine=None, **options):
    answer = advise(task, machine or build_machine(), catalog=cut(models), **options)
    assert answer.pick is not None, answer.summary.why_no_pick
    return answer.pick.reason


def caveats(task, models, machine=None, **options):
    return " ".join(reason(task, models, machine, **options).caveats)


def rows_of(task, models, machine=None):
    answer = advise(task, machine or build_machine(), catalog=cut(models))
    return [answer.row(i) for i in range(len(answer))]


def graphics(**known):
    names = GpuFacts.__struct_fields__
    facts = {name: Fact(value=known.get(name), source="test", why_unknown=None) for name in names}
    return msgspec.structs.replace(build_machine(), gpus=(GpuFacts(**facts),))


def test_a_lone_model_has_no_neighbours():
    told = reason(SEARCH, [SMALL])
    assert told.smaller == "No smaller model for this way of working is in the catalog: 33.4 M parameters is the least."
    assert told.larger.endswith("33.4 M parameters is the most.")


def test_neighbours_are_the_next_in_size_with_numbers():
    told = reason(SEARCH, [SMALL, MIDDLE, LARGE])
    assert told.pick.startswith(f"{SMALL} as ONNX int8 (dynamic) takes the least energy per query")
    assert told.larger.startswith(f"Next larger: {MIDDLE} (109 M parameters")
    assert "times the energy" in told.larger
    assert "MTEB(eng, v2) retrieval 54.8 against 53.9" in told.larger


def test_a_weak_neighbour_is_called_weak():
    answer = advise(SEARCH, build_machine())
    assert "is too weak: MTEB(eng, v2) retrieval 31.1" in answer.pick.reason.smaller


def test_a_neighbour_without_a_figure_can_not_be_judged():
    told = reason(SEARCH, [SMALL, "Alibaba-NLP/gte-modernbert-base"])
    assert "can't be judged: no public quality figure for this task is known" in told.larger


def test_neighbours_that_could_never_be_chosen_are_passed_over():
    task = msgspec.structs.replace(SEARCH, licence_need="commercial")
    told = reason(task, [SMALL, "jinaai/jina-embeddings-v3", "Qwen/Qwen3-Embedding-4B"])
    assert told.larger.startswith("Next larger: Qwen/Qwen3-Embedding-4B")
    only = reason(task, [SMALL, "jinaai/jina-embeddings-v3"])
    assert "does not meet a need. Its licence, cc-by-nc-4.0, does not allow commercial use" in only.larger


def test_a_neighbour_that_leaves_less_memory_says_so():
    needs = {r.format: r.estimate.memory.value for r in rows_of(SEARCH, [LARGE])}
    kept = [need for name, need in needs.items() if not low_bit(formats.by_id(name), 335_000_000)]
    machine = build_machine(memory_gib=16, available_gib=min(kept) * 1.1 / GIB)
    assert "leaves less memory free: it needs about" in reason(SEARCH, [SMALL, LARGE], machine).larger


def test_a_tight_pick_says_what_is_left():
    needed = max(r.estimate.memory.value for r in rows_of(SEARCH, [SMALL]) if r.format == "onnx-int8-dynamic")
    smallest = min(r.estimate.memory.value for r in rows_of(SEARCH, [SMALL]) if r.estimate.memory.value)
    assert smallest <= needed
    told = caveats(SEARCH, [SMALL], build_machine(memory_gib=16, available_gib=smallest * 1.03 / GIB))
    assert "leaves under a fifth of the free memory" in told
    assert "it is not certain that it fits" in told


def test_a_format_that_costs_quality_is_only_picked_when_nothing_else_is_left():
    tiny = "HuggingFaceTB/SmolLM2-135M-Instruct"
    chat = TaskSpec(kind="generation", languages=("en",))
    downloads = {r.format: r.estimate.download_bytes.value for r in rows_of(chat, [tiny])}
    task = msgspec.structs.replace(chat, max_disk_bytes=int(min(downloads.values())) + 1)
    assert "so few bits can cost a model of this size much of it" in caveats(task, [tiny])
    free = reason(chat, [tiny]).pick
    assert "int4" not in free
    assert "Q2_K" not in free


def test_a_neighbour_left_with_a_costly_format_says_so():
    small, large = "HuggingFaceTB/SmolLM2-135M-Instruct", "HuggingFaceTB/SmolLM2-360M-Instruct"
    chat = TaskSpec(kind="generation", languages=("en",))
    lowest = min(r.estimate.download_bytes.value for r in rows_of(chat, [large]))
    task = msgspec.structs.replace(chat, max_disk_bytes=int(lowest) + 1)
    assert "meets the needs only in a format that costs it quality" in reason(task, [small, large]).larger


def test_unstated_languages_are_said():
    task = TaskSpec(kind="summarization", languages=("de",))
    told = caveats(task, ["facebook/bart-large-cnn"])
    assert "does not say whether it knows German; try it first" in told
    assert "Try it on your own examples first" in told


def test_likely_languages_are_said():
    task = TaskSpec(kind="generation", languages=("de",))
    told = caveats(task, ["Qwen/Qwen3-0.6B"])
    assert "speaks of 119 languages without naming them; German is likely among them" in told
    english = TaskSpec(kind="generation", languages=("en",))
    assert "without naming them" not in caveats(english, ["Qwen/Qwen3-0.6B"])


def test_a_neighbour_that_does_not_say_its_languages():
    task = TaskSpec(kind="generation", languages=("de",))
    told = reason(task, ["Qwen/Qwen3-0.6B", "mistralai/Mistral-7B-Instruct-v0.3"])
    assert "does not say which languages it knows" in told.larger


def test_a_time_that_may_cross_the_limit_is_said():
    typical = min(r.estimate.time_per_query.value for r in rows_of(SEARCH, [SMALL]))
    task = msgspec.structs.replace(SEARCH, max_latency_s=typical * 1.01)
    assert "more than the" in caveats(task, [SMALL])
    assert "more than the" not in caveats(msgspec.structs.replace(SEARCH, max_latency_s=100.0), [SMALL])


def test_a_licence_with_conditions_is_said_when_it_matters():
    task = msgspec.structs.replace(SEARCH, licence_need="commercial")
    assert "allows commercial use on conditions. Google" in caveats(task, ["google/embeddinggemma-300m"])
    assert "conditions" not in caveats(SEARCH, ["google/embeddinggemma-300m"])


def test_the_battery_is_counted_in_full_charges():
    models = ["sentence-transformers/paraphrase-multilingual-MiniLM-L12-v2"]
    assert "of the battery" in caveats(FLAGSHIP, models)
    told = caveats(FLAGSHIP, models, build_machine(battery_capacity_wh=50.0))
    assert "% of a full battery" in told
    on_mains = msgspec.structs.replace(FLAGSHIP, power_source="mains")
    assert "battery" not in caveats(on_mains, models)


def test_a_model_that_thinks_aloud_says_so():
    told = caveats(TaskSpec(kind="generation"), ["deepseek-ai/DeepSeek-R1-Distill-Qwen-1.5B"])
    assert "It thinks aloud before it answers" in told


def test_published_energy_stands_beside_as_another_machines():
    told = caveats(TaskSpec(kind="generation"), ["Qwen/Qwen3-0.6B"])
    assert "AI Energy Score published 12 Wh per 1,000 queries for it on an NVIDIA H100 (369 tokens in, 10 out" in told
    assert "not comparable with this computer" in told
    pictures = caveats(TaskSpec(kind="image-generation"), ["stabilityai/stable-diffusion-2-1"])
    assert "published 534 Wh" in pictures
    assert "369" not in pictures
    derived = caveats(TaskSpec(kind="image-generation"), ["stabilityai/stable-diffusion-xl-base-1.0"])
    assert "published" not in derived


def test_a_missing_number_is_named_and_comes_after_the_others():
    task = TaskSpec(kind="speech-recognition", languages=("en",), max_latency_s=60.0)
    known, unknown = "nvidia/parakeet-ctc-0.6b", "nvidia/canary-1b-flash"
    told = reason(task, [known, unknown])
    assert told.pick.startswith(known)
    alone = reason(task, [unknown])
    assert "a number is missing that would show that it meets every need" in alone.pick
    assert any(text.startswith("How long a query takes is not known") for text in alone.caveats)


def test_a_neighbour_with_a_missing_number():
    task = TaskSpec(kind="speech-recognition", languages=("en",), max_latency_s=60.0)
    told = reason(task, ["nvidia/parakeet-ctc-0.6b", "nvidia/parakeet-tdt-1.1b"])
    assert "can't be shown to meet every need" in told.larger


def test_unknown_memory_is_given_as_a_lower_end():
    told = reason(TaskSpec(kind="image-text"), ["OpenGVLab/InternVL3-2B"])
    assert "at least" in told.pick
    assert any(text.startswith("Whether it fits is not known") for text in told.caveats)


def test_only_weak_ones_left_is_said():
    task = msgspec.structs.replace(SEARCH, max_disk_bytes=10_000_000)
    answer = advise(task, build_machine())
    assert answer.row(answer.pick.index).model == "minishlab/potion-base-8M"
    assert "of what is left, all of it weak" in answer.pick.reason.pick


def test_without_a_power_figure_time_decides():
    machine = graphics(name="Card", total_bytes=8 * GIB, free_bytes=8 * GIB, memory_bandwidth_bytes_per_s=300e9)
    answer = advise(SEARCH, machine, catalog=cut([SMALL, LARGE]), device="gpu:0")
    row = answer.row(answer.pick.index)
    assert row.energy_per_1000_queries.value is None
    assert row.model == SMALL
    assert "takes the least time per query" in answer.pick.reason.pick
    assert "times the time" in answer.pick.reason.larger


def with_unknown_times(answer, models, **changes):
    """Return the same recommendation with the times and energies of some models blanked."""
    axes = answer.data.axes
    for index in range(len(answer)):
        if answer.candidate_card(index).id in models:
            axes.time_s[index] = axes.energy_wh[index] = math.nan
    return Recommendation(msgspec.structs.replace(answer.data, **changes), lambda _: answer.summary)


def test_without_any_speed_memory_decides():
    answer = advise(SEARCH, build_machine(), catalog=cut([SMALL, LARGE]))
    told = explain.pick(with_unknown_times(answer, {SMALL, LARGE}, by_memory=True)).reason
    assert "needs the least memory of those that are good enough" in told.pick
    assert "Wh" not in told.pick
    assert "needs about" in told.larger


def test_a_neighbour_without_a_known_time():
    answer = advise(SEARCH, build_machine(), catalog=cut([SMALL, LARGE]))
    told = explain.pick(with_unknown_times(answer, {LARGE})).reason
    assert told.pick.startswith(SMALL)
    assert "takes a time that is not known, and about" in told.larger


def test_equal_costs_are_said_to_be_equal():
    card = catalog().by_id(SMALL)
    more = msgspec.structs.replace(card.parameters, num_computed=card.num_parameters() + 1000)
    twin = msgspec.structs.replace(card, id="somebody/twin", parameters=more)
    answer = advise(SEARCH, build_machine(), catalog=cut([SMALL, "somebody/twin"], **{"somebody/twin": twin}))
    assert answer.row(answer.pick.index).model == SMALL
    assert "costs as much and needs about" in answer.pick.reason.larger


def test_a_measured_pick_says_measured():
    plain = advise(SEARCH, build_machine(), catalog=cut([SMALL]))
    row = plain.row(plain.pick.index)
    workload = plain.summary.approaches[0].workload
    probe = build_probe(row.model, row.format, workload, time_s=0.001, energy_wh=0.001)
    assert "measured on this computer" in reason(SEARCH, [SMALL], probes=(probe,)).pick


def test_each_competing_way_is_heard():
    told = caveats(
        TaskSpec(kind="text-classification", text="topics", languages=("en",), num_labels=3, num_labelled_examples=100),
        [SMALL, "facebook/bart-large-mnli", "Qwen/Qwen3-0.6B"],
    )
    assert "Ready-made classifier was left out." in told
    assert "Zero-shot classifier, one pass for each label: best is facebook/bart-large-mnli" in told
    assert "Language model that follows instructions: best is Qwen/Qwen3-0.6B" in told
    assert "Without examples" not in told
    alone = caveats(TaskSpec(kind="text-classification", languages=("en",), num_labels=3), [SMALL])
    assert "Without examples" not in alone
    assert "Zero-shot classifier, one pass for each label: no candidate meets every need." in alone


@pytest.mark.parametrize("known_speed", [True, False])
def test_costs_of_other_ways_are_ratios_or_not_known(known_speed):
    models = ["facebook/deit-small-patch16-224", "openai/clip-vit-base-patch32"]
    answer = advise(TaskSpec(kind="image-classification"), build_machine(), catalog=cut(models))
    assert answer.pick is not None
    detectors = ["nvidia/parakeet-ctc-0.6b", "nvidia/canary-1b-flash"]
    told = caveats(
        TaskSpec(kind="speech-recognition", languages=("en",)),
        detectors if not known_speed else [*detectors, "openai/whisper-base.en"],
    )
    assert ("costs that are not known" in told) is (not known_speed)
