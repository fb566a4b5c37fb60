import fakes_report
import pytest
from window_fakes import FakeRows

from advisor.task import describe
from advisor.task.model import TaskSpec
from advisor.ui.store import MAX_PINNED, Snapshot, Store, merged_task, toggle_pin, with_machine, with_results

TEXT = "sort 500 emails a day into 6 topics, German and Hindi"


def test_a_control_wins_over_the_words_and_a_removed_chip_goes_back_to_its_default():
    description = describe.describe(TEXT)
    assert description.task.languages == ("de", "hi")
    task = merged_task(TEXT, description, ("languages",), (("num_labels", 9),))
    assert task.languages == ()
    assert task.num_labels == 9
    assert task.num_queries_per_day == 500


def test_a_control_wins_even_when_its_chip_was_removed():
    description = describe.describe(TEXT)
    task = merged_task(TEXT, description, ("num_labels",), (("num_labels", 3),))
    assert task.num_labels == 3


def test_without_words_the_kind_control_alone_makes_a_task():
    assert merged_task("", None, (), ()) is None
    assert merged_task("", None, (), (("kind", "translation"), ("num_batch", 2))) == TaskSpec(
        kind="translation", num_batch=2
    )


def test_the_kind_stays_when_its_chip_is_removed_because_a_task_has_one():
    description = describe.describe(TEXT)
    assert merged_task(TEXT, description, ("kind",), ()).kind == "text-classification"


def test_the_store_tells_old_and_new_and_is_silent_when_nothing_changed(qtbot):
    store = Store()
    seen = []
    store.changed.connect(lambda old, new: seen.append((old.machine.busy, new.machine.busy)))
    store.update(lambda snapshot: with_machine(snapshot, busy=True))
    store.update(lambda snapshot: with_machine(snapshot, busy=True))
    assert seen == [(False, True)]


def test_a_fifth_pin_is_refused_with_a_sentence_and_a_second_press_unpins():
    rows = FakeRows(10)
    snapshot = with_results(Snapshot(), recommendation=rows)
    for index in range(MAX_PINNED):
        snapshot = toggle_pin(snapshot, rows.row(index))
    assert len(snapshot.results.pinned) == MAX_PINNED
    refused = toggle_pin(snapshot, rows.row(5))
    assert refused.results.pinned == snapshot.results.pinned
    assert "pinned already" in refused.results.note
    fewer = toggle_pin(refused, rows.row(0))
    assert len(fewer.results.pinned) == MAX_PINNED - 1
    assert fewer.results.note == ""


@pytest.mark.parametrize("field", ["profile", "base"])
def test_transitions_leave_the_old_snapshot_alone(field):
    snapshot = Snapshot()
    changed = with_machine(snapshot, **{field: fakes_report.profile()})
    assert getattr(snapshot.machine, field) is None
    assert getattr(changed.machine, field) is not None
