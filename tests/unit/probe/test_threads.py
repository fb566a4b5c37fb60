"""How many threads the runtime gets: what is tried, what wins, what is kept."""

import cards
import pytest
from profiles import profile
from test_probe_result import CHAT, QWEN, report

from advisor.probe import footprint, thread_sweep, threads
from advisor.probe.threads import ThreadChoice, ThreadTrial
from advisor.report import probe_notes

RECIPE = footprint.recipe(QWEN, CHAT)


def machine(cores, logical, usable=None):
    return profile(available_bytes=2**34, physical=cores, logical=logical, usable=usable or logical)


@pytest.mark.parametrize(
    ("cores", "logical", "usable", "expected"),
    [
        (4, 4, 4, (4,)),
        (4, 8, 8, (4, 8)),
        (16, 32, 32, (16, 32, 8)),
        (4, 8, 2.5, (2,)),
        (2, 2, 0.5, (1,)),
    ],
)
def test_cores_first_then_all_logical_processors_then_half_of_many(cores, logical, usable, expected):
    assert threads.counts(machine(cores, logical, usable)) == expected


def test_another_setting_must_be_clearly_quicker_than_the_usual_one():
    usual, close, quick = (ThreadTrial(num_threads=n, query_s=s) for n, s in ((4, 1.0), (8, 0.96), (2, 0.90)))
    assert threads.quickest((usual, close)) == usual
    assert threads.quickest((usual, close, quick)) == quick


def sweep(times, counts=(4, 8), pinned=None):
    tried = []

    def attempt(choice):
        tried.append((choice.num_threads, choice.pinned))
        token_s = times[choice.num_threads, choice.pinned]
        return report(24, first_s=[50 * token_s], blocks_s=[token_s] * 3)

    return thread_sweep.sweep(counts, RECIPE, attempt, pinned=pinned), tried


def test_a_sweep_tries_numbers_then_the_best_pinned_and_keeps_what_it_saw():
    found, tried = sweep({(4, False): 0.02, (8, False): 0.01, (8, True): 0.012})
    assert tried == [(4, False), (8, False), (8, True)]
    assert (found.num_threads, found.pinned, found.how) == (8, False, "sweep")
    assert len(found.trials) == 3
    found, _ = sweep({(4, False): 0.02, (8, False): 0.01, (8, True): 0.008})
    assert found.pinned
    found, tried = sweep({(4, True): 0.02, (8, True): 0.03}, pinned=True)
    assert tried == [(4, True), (8, True)]
    assert (found.num_threads, found.pinned) == (4, True)


def test_a_choice_is_kept_for_its_machine_and_kind_and_a_broken_file_is_no_choice(tmp_path):
    key = thread_sweep.kind("machine", RECIPE)
    choice = ThreadChoice(num_threads=3, how="sweep")
    assert thread_sweep.kept(tmp_path / "new", key) is None
    thread_sweep.keep(tmp_path / "new", key, choice)
    thread_sweep.keep(tmp_path / "new", "other", ThreadChoice(num_threads=1))
    assert thread_sweep.kept(tmp_path / "new", key) == choice
    assert thread_sweep.kept(tmp_path / "new", thread_sweep.kind("another machine", RECIPE)) is None
    encoder = footprint.recipe(cards.candidate(cards.card(cards.MINILM), "onnx-fp32"), CHAT)
    assert thread_sweep.kind("machine", encoder) != key
    (tmp_path / "new" / "threads.json").write_bytes(b"{broken")
    assert thread_sweep.kept(tmp_path / "new", key) is None


def test_the_choice_is_told_with_what_was_tried():
    found, _ = sweep({(4, False): 0.02, (8, False): 0.01, (8, True): 0.012})
    told = probe_notes.threads_phrase(found)
    assert told.startswith("8 threads, chosen by a sweep")
    assert "4 threads: 3 s" in told
    assert "8 threads kept on their processors" in told
    assert probe_notes.threads_phrase(ThreadChoice(num_threads=1, pinned=True, how="asked")) == (
        "1 thread kept on its processor, as asked for"
    )
