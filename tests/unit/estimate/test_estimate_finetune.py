"""Adapters against full fine-tuning: published counts of trained parameters and bytes, arithmetic, ranges, refusals."""

import fakes_estimate as made
import msgspec
import pytest

from advisor.catalog import load
from advisor.catalog.inventory import of_card
from advisor.errors import InvalidInputError
from advisor.estimate import energy, finetune, finetune_work, roofs

CATALOG = load.catalog()
LLAMA = "meta-llama/Llama-2-7b-chat-hf"
SMALL = "HuggingFaceTB/SmolLM2-135M-Instruct"


def plan(**changes):
    return finetune.FinetunePlan(**{"num_examples": 1000, "num_tokens": 256} | changes)


def estimate(model=SMALL, *, machine=None, device="cpu", **changes):
    where = machine or made.machine()
    power = energy.power_model(where, device)
    return finetune.estimate(CATALOG.by_id(model), plan(**changes), roofs.from_profile(where, device=device), power)


def by_method(found):
    return {item.method: item for item in found.methods}


@pytest.mark.parametrize(
    ("model", "rank", "trained"),
    [
        # print_trainable_parameters() of PEFT with queries and values, as published with the models' own totals:
        (LLAMA, 8, 4_194_304),  # of 6,742,609,920 with the model
        ("meta-llama/Llama-3.1-8B-Instruct", 8, 3_407_872),  # of 8,033,669,120
        ("google-t5/t5-large", 8, 2_359_296),  # mt0-large, the same shapes; README of PEFT
        ("google-bert/bert-base-uncased", 8, 294_912),
        ("openai-community/gpt2", 8, 294_912),  # c_attn; of 124,734,720
        ("bigscience/bloom-7b1", 16, 7_864_320),  # query_key_value; of 7,076,880,384
        ("FacebookAI/roberta-large", 8, 786_432),  # 0.8 M in table 2 of the LoRA paper
    ],
)
def test_adapters_have_as_many_parameters_as_published(model, rank, trained):
    assert by_method(estimate(model, rank=rank))["lora"].num_trained == trained


@pytest.mark.parametrize(
    ("model", "rank", "total"),
    [(LLAMA, 8, 6_742_609_920), ("openai-community/gpt2", 8, 124_734_720), ("bigscience/bloom-7b1", 16, 7_076_880_384)],
)
def test_model_and_adapters_add_up_to_the_published_total(model, rank, total):
    found = estimate(model, rank=rank)
    assert found.num_parameters + by_method(found)["lora"].num_trained == total
    assert by_method(found)["lora"].trained_share == pytest.approx(
        by_method(found)["lora"].num_trained / (found.num_parameters)
    )


@pytest.mark.parametrize("device", ["cpu", "gpu:0"])
def test_full_training_with_adam_takes_sixteen_bytes_a_parameter(device):
    # ZeRO: 7.5 B parameters take 120 GB; 16 bytes each.
    full = by_method(estimate(LLAMA, machine=made.machine(gpus=(made.gpu(),)), device=device))["full"]
    states = full.weights.value + full.gradients.value + full.optimizer.value
    assert states / 6_738_415_616 == pytest.approx(16.0)


def test_adapters_and_four_bits_shrink_the_states():
    found = by_method(estimate(LLAMA, machine=made.machine(gpus=(made.gpu(),)), device="gpu:0"))
    lora, qlora = found["lora"], found["qlora"]
    assert lora.weights.value == pytest.approx(2 * (6_738_415_616 + 4_194_304))
    assert lora.optimizer.value == pytest.approx(12 * 4_194_304)
    # Linear matrices in 4.127 bits, embeddings, output and norms in 16.
    linear = 32 * (4 * 4096 * 4096 + 3 * 4096 * 11008)
    rest = 6_738_415_616 - linear
    assert qlora.weights.value == pytest.approx(linear * 4.127 / 8 + 2 * rest + 2 * 4_194_304)
    assert found["full"].memory.value > 5 * lora.memory.value > 5 * qlora.memory.value


@pytest.mark.parametrize(
    "model", ["google-bert/bert-base-uncased", "openai-community/gpt2", "FacebookAI/roberta-large"]
)
def test_a_layer_keeps_34_bytes_for_each_value_of_the_stream(model):
    card = CATALOG.by_id(model)
    counted = finetune_work.work(of_card(card), card.architecture, rank=8, targets=("attn_q",), tasks=card.tasks)
    width, layers = card.architecture.hidden_size, card.architecture.num_hidden_layers
    assert counted.num_layers == layers
    assert counted.activation_bytes == pytest.approx(34 * width * layers)
    assert counted.layer_input_bytes == 2 * width * layers


def test_arithmetic_is_six_and_four_per_parameter_and_token():
    found = by_method(estimate(LLAMA, num_examples=10, num_tokens=1, num_epochs=1))
    weights = 6_738_415_616 - 32000 * 4096 - 65 * 4096  # the embedding is looked up and norms are not products
    assert found["full"].flops.value == pytest.approx(10 * 6 * weights, rel=1e-3)
    assert found["lora"].flops.value == pytest.approx(10 * (4 * weights + 6 * 4_194_304), rel=1e-3)


def test_computing_layers_again_trades_memory_for_a_third_more_work():
    plain, again = (by_method(estimate(LLAMA, checkpointing=on)) for on in (False, True))
    assert again["full"].activations.value < 0.2 * plain["full"].activations.value
    assert again["full"].flops.value / plain["full"].flops.value == pytest.approx(4 / 3, rel=0.01)
    assert again["lora"].flops.value / plain["lora"].flops.value == pytest.approx(3 / 2, rel=0.02)


def test_energy_is_power_times_time_and_follows_the_data():
    one, two = estimate(), estimate(num_examples=2000)
    power = energy.power_model(made.machine(), "cpu")
    for method in finetune.METHODS:
        a, b = by_method(one)[method], by_method(two)[method]
        assert a.energy.value == pytest.approx(power.active_power_w.value * a.time.value / 3600)
        assert b.time.value / a.time.value == pytest.approx(2.0)
        assert b.memory == a.memory
        for item in (a.memory, a.flops, a.time, a.energy):
            assert item.low < item.value < item.high
            assert item.basis
        assert a.time.evidence == "assumed"
    assert by_method(one)["full"].energy.value > by_method(one)["lora"].energy.value
    assert one.boundary == power.boundary


def test_the_optimizer_costs_time_at_each_step():
    small, large = (by_method(estimate(num_batch=batch))["full"] for batch in (1, 50))
    assert large.flops == small.flops
    assert large.time.value < small.time.value
    assert large.activations.value == pytest.approx(50 * small.activations.value)
    assert (estimate(num_batch=3).num_steps, estimate(num_batch=1).num_steps) == (1002, 3000)


def test_without_power_no_energy_and_without_memory_no_verdict():
    where = roofs.from_profile(made.machine())
    found = finetune.estimate(
        CATALOG.by_id(SMALL), plan(), msgspec.structs.replace(where, memory_free_bytes=None), None
    )
    assert {item.verdict for item in found.methods} == {"unknown"}
    assert all(item.energy.value is None for item in found.methods)
    none = finetune.estimate(CATALOG.by_id(SMALL), plan(), msgspec.structs.replace(where, roofs=()), None)
    assert all(item.time.value is None for item in none.methods)


def test_what_does_not_fit_is_said():
    found = by_method(estimate(LLAMA))
    assert found["full"].verdict == "does-not-fit"
    assert found["full"].memory.value > 16 * 6.7e9


def test_every_target_is_more_than_queries_and_values():
    few, all_of_them = (by_method(estimate(LLAMA, targets=name))["lora"] for name in ("query-value", "all-linear"))
    # 32 layers x 8 x (4 x 8192 + 3 x 15104): what QLoRA trains at rank 8.
    assert all_of_them.num_trained == 32 * 8 * (4 * 8192 + 3 * 15104)
    assert few.num_trained < all_of_them.num_trained


@pytest.mark.parametrize("name", ["num_examples", "num_tokens", "num_epochs", "num_batch"])
@pytest.mark.parametrize("value", [0, -5, 10**13])
def test_impossible_data_is_refused_by_name(name, value):
    with pytest.raises(InvalidInputError) as caught:
        estimate(**{name: value})
    assert caught.value.code == "plan-invalid"
    assert name in caught.value.message


@pytest.mark.parametrize("rank", [0, -1, 193, 10**6])
def test_an_impossible_rank_is_refused(rank):
    with pytest.raises(InvalidInputError) as caught:
        estimate(rank=rank)
    assert caught.value.code == "rank-invalid"
    assert "1 to 192" in caught.value.remedy


@pytest.mark.parametrize("model", ["stabilityai/stable-diffusion-2-1", "minishlab/potion-base-8M"])
def test_a_model_without_text_layers_is_refused(model):
    with pytest.raises(InvalidInputError) as caught:
        estimate(model)
    assert caught.value.code == "finetune-unknown"
    assert model in caught.value.message
