"""Token numbers of real texts: prompts from their beginning by turns, single tokens in order."""

from pathlib import Path

from advisor.probe.engine.ids import TextIds
from advisor.probe.real_inputs import RealInputs
from advisor.runnable.model import GraphFile, RunnableModel

MODEL = RunnableModel(
    folder=str(Path("/models/it")), layout="optimum", structure="decoder", head="next-token", model_id="it",
    graphs=(GraphFile(part="model", name="model.onnx", size_bytes=1),), format_id=None, tokenizer=None,
)  # fmt: skip
TEXTS = RealInputs(model=MODEL, prompt_ids=((1, 2, 3), (4, 5, 6), (7, 8, 9)), written_ids=(10, 11))


def test_prompts_come_by_turns_and_short_ones_are_their_beginnings():
    ids = TextIds(TEXTS)
    assert ids.take(1, 3).tolist() == [[1, 2, 3]]
    assert ids.take(1, 2).tolist() == [[4, 5]]
    assert ids.take(2, 3).tolist() == [[7, 8, 9], [1, 2, 3]]
    assert ids.take(4, 3).tolist() == [[4, 5, 6], [7, 8, 9], [1, 2, 3], [4, 5, 6]]


def test_an_answer_is_fed_with_a_text_of_its_own_round_and_round():
    ids = TextIds(TEXTS)
    assert [ids.take(2, 1).tolist() for _ in range(3)] == [[[10], [10]], [[11], [11]], [[10], [10]]]
