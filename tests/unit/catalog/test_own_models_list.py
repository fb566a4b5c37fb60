"""The list of the user's own models: kept whole, named apart, in the catalog of every consumer."""

import json
from pathlib import Path

import pytest
from header_files import write_safetensors

from advisor.catalog import formats, load, local_model, own_models
from advisor.errors import AdvisorError
from advisor.hardware import profile as machines
from advisor.recommend import advise, single
from advisor.report import own_models as words
from advisor.task import describe

CONFIG = {
    "model_type": "llama", "architectures": ["LlamaForCausalLM"], "vocab_size": 100, "hidden_size": 32,
    "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 4, "intermediate_size": 64,
    "max_position_embeddings": 8192, "tie_word_embeddings": True,
}  # fmt: skip


def tensors(vocabulary=100):
    found = {"model.embed_tokens.weight": ("BF16", (vocabulary, 32)), "model.norm.weight": ("BF16", (32,))}
    for layer in range(2):
        at = f"model.layers.{layer}."
        found |= {f"{at}self_attn.{name}_proj.weight": ("BF16", (32, 32)) for name in "qkvo"}
        found |= {f"{at}mlp.{name}_proj.weight": ("BF16", (64, 32)) for name in ("gate", "up")}
        found[f"{at}mlp.down_proj.weight"] = ("BF16", (32, 64))
        found |= {f"{at}{name}_layernorm.weight": ("BF16", (32,)) for name in ("input", "post_attention")}
    return found


@pytest.fixture
def make(tmp_path):
    def made(name="mine", vocabulary=100, template="{{ messages }}", **config):
        folder = tmp_path / name
        write_safetensors(folder / "model.safetensors", tensors(vocabulary))
        (folder / "config.json").write_text(json.dumps(CONFIG | {"vocab_size": vocabulary} | config), "utf-8")
        (folder / "tokenizer.json").write_text("{}", "utf-8")
        (folder / "tokenizer_config.json").write_text(json.dumps({"chat_template": template}), "utf-8")
        return folder

    return made


def of(folder):
    return own_models.of_files(local_model.load(folder, load.catalog()), folder)


def test_a_model_is_kept_and_is_a_candidate_like_any_other(make):
    assert own_models.read() == own_models.OwnModels()
    assert own_models.catalog() is load.catalog()
    kept = own_models.add(of(make()))
    assert own_models.read().models == (kept,)
    assert kept.added.endswith("+00:00")
    known = own_models.catalog()
    assert known is own_models.catalog(), "the same object, so that what is computed of it is computed once"
    assert len(known.models) == len(load.catalog().models) + 1
    card = known.by_id("mine")
    assert card.num_parameters() == sum(a * b for _, (a, *rest) in tensors().values() for b in rest or [1])
    assert single.candidate("mine", "onnx-int8-dynamic").model == card
    own_models.remove("MINE")
    assert own_models.catalog().by_id("HuggingFaceTB/SmolLM2-135M-Instruct").id
    with pytest.raises(AdvisorError, match="no model 'mine'"):
        own_models.catalog().by_id("mine")


def test_it_is_judged_marked_and_explained(make):
    own_models.add(of(make()))
    machine = machines.load(machine_file())
    task = describe.describe("write answers to 20 emails a day").task
    answer = advise.advise(task, machine)
    row = words.best_row(answer, "mine")
    assert row is not None
    assert row.yours
    assert not answer.row(int(answer.order[0])).yours or answer.row(int(answer.order[0])).model == "mine"
    assert "mine as " in words.standing(answer, "mine")
    assert "is no candidate for this task: it is made for x" in words.standing(answer, "none", ("x",))


def machine_file():
    from advisor import paths
    from tests import fakes_report

    path = paths.data_folder() / "machine.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    machines.save(fakes_report.profile(), path)
    return path


def test_the_same_place_is_one_entry_and_the_same_name_two(make, tmp_path):
    own_models.add(of(make()))
    own_models.add(of(make(vocabulary=200)))
    (first,) = own_models.read().models
    assert first.card.architecture.vocab_size == 200
    other = own_models.add(of(make("elsewhere/mine")))
    assert other.card.id == "mine (2)"
    own_models.add(of(make("third/mine")))
    assert [model.card.id for model in own_models.read().models] == ["mine", "mine (2)", "mine (3)"]


def test_a_model_of_the_catalog_is_replaced_only_by_itself(make):
    folder = make("models--HuggingFaceTB--SmolLM2-135M-Instruct/snapshots/abc")
    kept = own_models.add(of(folder))
    assert kept.card.id == "HuggingFaceTB/SmolLM2-135M-Instruct (2)"
    assert own_models.catalog().by_id("HuggingFaceTB/SmolLM2-135M-Instruct").read is None
    known = load.catalog()
    own = kept.card.__class__(**{name: getattr(known.models[3], name) for name in kept.card.__struct_fields__})
    whole = own_models.with_models(known, (own_models.OwnModel(card=own, origin="computer", weight_bytes=1),))
    assert len(whole.models) == len(known.models)
    assert whole.by_id(own.id) is own


@pytest.mark.allow_log("the list that is left out is said in the log")
@pytest.mark.parametrize("content", [b"", b"{", b'{"version": 1, "models": [{}]}', b"\xff\xfe", b'{"version": "x"}'])
def test_a_damaged_list_is_left_out_then_set_aside_and_never_stops_anything(make, content):
    own_models.file().parent.mkdir(parents=True, exist_ok=True)
    own_models.file().write_bytes(content)
    found = own_models.read()
    assert found.models == ()
    assert str(own_models.file()) in found.notice
    assert "own_models.json.bad" in found.notice
    assert own_models.catalog().models == load.catalog().models
    assert own_models.file().read_bytes() == content
    own_models.add(of(make()))
    assert own_models.file().with_name("own_models.json.bad").read_bytes() == content
    assert len(own_models.read().models) == 1


@pytest.mark.allow_log("the list that is left out is said in the log")
def test_a_list_of_a_newer_version_is_left_alone(make):
    own_models.file().parent.mkdir(parents=True, exist_ok=True)
    own_models.file().write_bytes(b'{"version": 2, "models": "another shape"}')
    assert "newer version" in own_models.read().notice
    for change in (lambda: own_models.add(of(make())), lambda: own_models.remove("x")):
        with pytest.raises(AdvisorError, match="newer version"):
            change()
    assert b"another shape" in own_models.file().read_bytes()


def test_adapters_and_what_cannot_be_estimated_are_refused_with_a_reason(make, tmp_path):
    adapter = make("adapter")
    (adapter / "model.safetensors").rename(adapter / "adapter_model.safetensors")
    settings = {"peft_type": "LORA", "base_model_name_or_path": "a/base", "r": 8}
    (adapter / "adapter_config.json").write_text(json.dumps(settings), "utf-8")
    with pytest.raises(AdvisorError, match="only works on top of a/base"):
        of(adapter)
    bare = write_safetensors(tmp_path / "bare" / "model.safetensors", {"x": ("F32", (3,))})
    found = local_model.load(bare, load.catalog())
    if not formats.applicable(found.known.card):
        with pytest.raises(AdvisorError, match="no format of it can be estimated"):
            own_models.of_files(found, bare)


def test_a_language_model_that_only_continues_texts_says_why_no_task_takes_it(make):
    talking, mute = own_models.add(of(make())), own_models.add(of(make("mute", template="")))
    assert "chat" in talking.card.tasks
    assert "chat template" not in words.added(talking)
    (Path(mute.path) / "tokenizer_config.json").unlink()
    bare = own_models.add(of(Path(mute.path)))
    assert "chat" not in bare.card.tasks
    assert "only continues a text" in words.added(bare)


def test_a_model_that_is_gone_from_the_disk_is_said(make):
    folder = make()
    kept = own_models.add(of(folder))
    assert words.where(kept) == str(folder)
    folder.rename(folder.with_name("moved"))
    assert words.where(kept) == f"{folder}, gone"
    assert words.document(own_models.read())["models"][0]["is_here"] is False
