"""Real texts as long as a task asks for, by the models' own tokenizers."""

import pytest

from advisor.probe.weights import prompts
from advisor.runnable import find
from advisor.runnable.tokenizer import Tokenizer
from advisor.task.kinds import LABELS

TEXT_KINDS = (
    "generation", "summarization", "translation", "text-classification", "zero-shot-classification",
    "token-classification", "question-answering", "sentence-embedding", "reranking",
)  # fmt: skip


@pytest.fixture(scope="module")
def chatty(smollm2_int4):
    model = find.open_model(smollm2_int4)
    return model, Tokenizer(model)


@pytest.fixture(scope="module")
def reader(minilm_fp32):
    model = find.open_model(minilm_fp32)
    return model, Tokenizer(model)


def assembled(pair, generates, **changes):
    model, tokenizer = pair
    wanted = {"kind": "summarization", "wanted": ("de",), "num_tokens": 200, **changes}
    return prompts.assemble(tokenizer, model.tokenizer, generates=generates, **wanted)


def test_there_are_texts_in_many_scripts_and_an_instruction_for_each_kind_of_text_task():
    languages = prompts.table().languages
    assert {"en", "de", "ru", "ar", "hi", "zh", "ja", "sw"} <= set(languages)
    assert set(TEXT_KINDS) <= set(LABELS)
    for code, facts in languages.items():
        assert set(TEXT_KINDS) <= set(facts.instructions), code
        assert len(set(facts.sentences)) == len(facts.sentences) >= 9, code


@pytest.mark.parametrize("code", sorted(prompts.languages()))
def test_texts_are_exactly_as_long_as_asked_in_every_language(code, chatty, reader):
    for num_tokens in (9, 128, 1500):
        for pair, generates in ((chatty, True), (reader, False)):
            found = assembled(pair, generates, wanted=(code,), num_tokens=num_tokens)
            assert {len(ids) for ids in found.ids} == {num_tokens}
            if num_tokens >= 128 and pair is chatty:  # two sentences may begin alike; the other knows not every script
                assert len(set(found.ids)) == prompts.NUM_TEXTS
            assert (found.language, len(found.written_ids)) == (code, prompts.NUM_WRITTEN)


def test_a_chat_template_stands_around_the_text_and_the_answer_comes_next(chatty):
    _, tokenizer = chatty
    found = assembled(chatty, True)
    text = tokenizer.decode(found.ids[0], special=True)
    assert found.with_template
    assert text.startswith("<|im_start|>")
    assert "Fasse den Text unten in drei Sätzen zusammen." in text
    assert text.endswith("<|im_start|>assistant\n")


def test_a_prompt_with_no_room_for_the_template_goes_without(chatty):
    found = assembled(chatty, True, num_tokens=12)
    assert not found.with_template
    assert "im_start" not in chatty[1].decode(found.ids[0], special=True)


def test_an_encoder_gets_its_special_tokens_and_no_instruction(reader):
    _, tokenizer = reader
    text = tokenizer.decode(assembled(reader, False).ids[1], special=True)
    assert text.startswith("[CLS]")
    assert text.endswith("[SEP]")
    assert "fasse den text" not in text


def test_sentences_that_come_again_come_in_another_order():
    facts = prompts.table().languages["en"]
    long = prompts.text("en", 6 * sum(map(len, facts.sentences)))
    pieces = [long[start : start + 400] for start in range(0, len(long) - 400, 400)]
    assert len(set(pieces)) == len(pieces)
    assert prompts.text("en", 300, turn=1)[:80] != prompts.text("en", 300)[:80]


def test_a_language_without_texts_is_read_in_english():
    assert prompts.language_of(("xx", "fr")) == "fr"
    assert prompts.language_of(("xx",)) == prompts.OTHERWISE


def test_languages_without_prompts_of_their_own_use_the_sample_of_many_languages(chatty):
    assert len(prompts.languages()) >= 30
    code = next(code for code in prompts.languages() if code not in prompts.table().languages)
    text = chatty[1].decode(assembled(chatty, True, wanted=(code,), num_tokens=400).ids[0])
    assert "Summarize the text below in three sentences." in text
    assert prompts.languages()[code].sentences[0][:20] in text
