"""Fine-tuning on this computer: all weights, adapters (LoRA), or adapters on 4-bit weights (QLoRA).

Memory, time and energy for the user's own examples, before anything is run. Training is never done by this app.
"""

from collections.abc import Sequence
from typing import Literal

import msgspec

from advisor.catalog.inventory import has_rule, of_card
from advisor.catalog.model import ModelCard
from advisor.energy import ranges
from advisor.errors import InvalidInputError
from advisor.estimate import finetune_work, fit
from advisor.estimate.families import KernelFamily
from advisor.estimate.finetune_work import LORA_ALL_LINEAR, LORA_QUERY_VALUE, FinetuneWork
from advisor.estimate.model import PowerModel, Roofs, Verdict
from advisor.evidence import Quantity, unknown
from advisor.units import J_PER_WH

Method = Literal["full", "lora", "qlora"]
METHODS: tuple[Method, ...] = ("full", "lora", "qlora")
TRAINED_BYTES = 16.0
"""[B] A trained parameter: weight, gradient, and AdamW's three numbers. 2 + 2 + 12 with mixed precision, 4 + 4 + 8 in
32 bits. Source: ZeRO, arXiv 1910.02054, section 3.1."""
_GRADIENT_BYTES = {"cpu": 4.0, "gpu": 2.0}
_WEIGHT_BYTES = {"cpu": 4.0, "gpu": 2.0}
"""[B] A weight as it is multiplied: 32 bits on a processor, 16 on a card."""
QLORA_BITS = 4.127
"""[bits] A weight in NF4 with its scales quantized again. Source: QLoRA, arXiv 2305.14314, section 3."""
STEP_BYTES = 28.0
"""[B] Read and written for each trained parameter by one step of AdamW: four numbers in, three out, 32 bits each."""
TRAINING_SHARE = 0.6
TRAINING_K = 1.6
"""[1] Speed of training over that of plain matrix products, and its range: assumed. Products on the way back are
narrower, and norms, activations and the optimizer stand between them."""
ACTIVATION_K = 1.5
RUNTIME_K = 1.5
_TRAINER_BYTES = 1.0e9
"""[B] PyTorch with its libraries, and what its allocator holds back: assumed."""
_MOST = 10**12


class FinetunePlan(msgspec.Struct, frozen=True, kw_only=True):
    """What the user would train on."""

    num_examples: int
    num_tokens: int
    """Of one example, prompt and answer together."""
    num_epochs: int = 3
    num_batch: int = 1
    """Examples in memory at once."""
    rank: int = 8
    targets: Literal["query-value", "all-linear"] = "query-value"
    checkpointing: bool = False
    """Keep only what goes into each layer and compute the rest again: less memory, a third more arithmetic."""


class FinetuneMethod(msgspec.Struct, frozen=True, kw_only=True):
    """One way to train."""

    method: Method
    num_trained: int
    trained_share: float
    """[1] Of the model's parameters."""
    weights: Quantity
    """[B]"""
    gradients: Quantity
    """[B]"""
    optimizer: Quantity
    """[B]"""
    activations: Quantity
    """[B]"""
    memory: Quantity
    """[B] Peak, with the training program."""
    verdict: Verdict
    flops: Quantity
    """[FLOP] Of the whole training."""
    time: Quantity
    """[s]"""
    energy: Quantity
    """[Wh]"""


class Finetune(msgspec.Struct, frozen=True, kw_only=True):
    """Adapters against full fine-tuning, for one model, one data size, one device."""

    model: str
    device: str
    plan: FinetunePlan
    num_parameters: int
    num_steps: int
    memory_free_bytes: int | None
    methods: tuple[FinetuneMethod, ...]
    """Full, LoRA, QLoRA."""
    boundary: str
    assumptions: tuple[str, ...]


def estimate(card: ModelCard, plan: FinetunePlan, roofs: Roofs, power: PowerModel | None) -> Finetune:
    """Estimate fine-tuning of a catalog model.

    Args:
        card: the model.
        plan: the user's data and settings.
        roofs: of the device, calibrated or by specification.
        power: of the device while it works, or null without an honest figure.

    Raises:
        InvalidInputError: `plan-invalid`, `rank-invalid`, or `finetune-unknown` where the shapes of the model are not
            known or it is not made of text layers.

    Source:
        Training takes 6 FLOP a parameter and token, adapters 4 since frozen weights get no gradient: Kaplan et al.,
        arXiv 2001.08361; LoRA, arXiv 2106.09685. Memory: ZeRO, arXiv 1910.02054.
    """
    _check(plan)
    counted = _counted(card, plan)
    place = "cpu" if roofs.device == "cpu" else "gpu"
    return Finetune(
        model=card.id,
        device=roofs.device,
        plan=plan,
        num_parameters=counted.num_parameters,
        num_steps=_num_steps(plan),
        memory_free_bytes=roofs.memory_free_bytes,
        methods=tuple(_method(method, counted, plan, roofs, power, place) for method in METHODS),
        boundary=power.boundary if power is not None else "no figure of the device's power",
        assumptions=_assumptions(plan, place),
    )


def _check(plan: FinetunePlan) -> None:
    for name in ("num_examples", "num_tokens", "num_epochs", "num_batch"):
        if not 1 <= getattr(plan, name) <= _MOST:
            raise InvalidInputError(
                "plan-invalid",
                f"{name} of a fine-tuning cannot be {getattr(plan, name)}.",
                remedy="Give a whole number of 1 or more.",
                field=name,
            )


def _counted(card: ModelCard, plan: FinetunePlan) -> FinetuneWork:
    groups, shape = of_card(card), card.architecture
    targets = LORA_QUERY_VALUE if plan.targets == "query-value" else LORA_ALL_LINEAR
    widest = finetune_work.smallest_side(groups or (), targets)
    if groups is None or shape is None or not has_rule(shape) or not widest:
        raise InvalidInputError(
            "finetune-unknown",
            f"Fine-tuning of {card.id} cannot be estimated: the shapes of its attention layers are not known.",
            remedy="Choose a text model whose shapes are in the catalog, for example HuggingFaceTB/SmolLM2-135M.",
            model=card.id,
        )
    if not 1 <= plan.rank <= widest:
        raise InvalidInputError(
            "rank-invalid",
            f"The rank of an adapter on {card.id} cannot be {plan.rank}.",
            remedy=f"Give 1 to {widest}, the smallest side of its matrices; 8 or 16 are usual.",
            field="rank",
        )
    return finetune_work.work(groups, shape, rank=plan.rank, targets=targets, tasks=card.tasks)


def _method(
    method: Method, counted: FinetuneWork, plan: FinetunePlan, roofs: Roofs, power: PowerModel | None, place: str
) -> FinetuneMethod:
    trained = counted.num_parameters if method == "full" else counted.num_lora
    parts = _memory(method, counted, plan, place)
    runtime = ranges.with_k(_TRAINER_BYTES, RUNTIME_K, "B", "assumed", "PyTorch with its libraries")
    memory = ranges.total([*parts, runtime], "B", "weights, gradients, optimizer, activations and the program")
    flops = _flops(method, counted, plan)
    time = _time(flops, trained, plan, roofs, place)
    return FinetuneMethod(
        method=method,
        num_trained=trained,
        trained_share=trained / counted.num_parameters,
        weights=parts[0],
        gradients=parts[1],
        optimizer=parts[2],
        activations=parts[3],
        memory=memory,
        verdict=fit.verdict(memory, roofs.memory_free_bytes),
        flops=flops,
        time=time,
        energy=ranges.times(
            (power.active_power_w, time), "Wh", f"power x time; {power.active_power_w.basis}", scale=1 / J_PER_WH
        )
        if power is not None
        else unknown("Wh", "no figure of the device's power"),
    )


def _memory(method: Method, counted: FinetuneWork, plan: FinetunePlan, place: str) -> list[Quantity]:
    """Return weights, gradients, optimizer and activations, in bytes."""
    weight, gradient = _WEIGHT_BYTES[place], _GRADIENT_BYTES[place]
    optimizer = TRAINED_BYTES - weight - gradient
    trained = counted.num_parameters if method == "full" else counted.num_lora
    frozen = 0.0 if method == "full" else weight * counted.num_parameters
    if method == "qlora":
        frozen += (QLORA_BITS / 8 - weight) * counted.num_quantizable
    stored = "4-bit blocks, the rest as it is multiplied" if method == "qlora" else f"{weight:g} bytes a weight"
    return [
        _exact(frozen + weight * trained, stored),
        _exact(gradient * trained, f"{gradient:g} bytes a trained parameter"),
        _exact(optimizer * trained, f"AdamW, {optimizer:g} bytes a trained parameter"),
        _activations(method, counted, plan),
    ]


def _exact(size_bytes: float, basis: str) -> Quantity:
    return ranges.with_k(size_bytes, 1.05, "B", "estimated", basis)


def _activations(method: Method, counted: FinetuneWork, plan: FinetunePlan) -> Quantity:
    tokens = plan.num_tokens * plan.num_batch
    one_layer = counted.activation_bytes / max(1, counted.num_layers)
    kept = counted.layer_input_bytes + one_layer if plan.checkpointing else counted.activation_bytes
    value = tokens * (kept + counted.logit_bytes)
    # Adapters need what goes into their own matrices only; how much a framework drops of the rest differs.
    least = value / ACTIVATION_K / (1.0 if method == "full" or plan.checkpointing else 2.0)
    return Quantity(
        value=value,
        low=least,
        high=value * ACTIVATION_K,
        unit="B",
        evidence="estimated",
        basis=f"{tokens:,} tokens at once" + (", layers computed again" if plan.checkpointing else ""),
    )


def _flops(method: Method, counted: FinetuneWork, plan: FinetunePlan) -> Quantity:
    """Return the arithmetic: forward 1, back through the layers 1, gradients of trained weights 1; attention 3."""
    tokens = float(plan.num_examples) * plan.num_tokens * plan.num_epochs
    again = 1.0 if plan.checkpointing else 0.0
    forward = finetune_work.FORWARD_FLOPS * counted.num_matrix_parameters
    matrices = forward * ((3.0 if method == "full" else 2.0) + again)
    adapters = 0.0 if method == "full" else finetune_work.FORWARD_FLOPS * counted.num_lora * (3.0 + again)
    attention = counted.attention_flops * plan.num_tokens * (3.0 + again)
    told = "6" if method == "full" else "4, and the adapters'"
    return ranges.with_k(
        tokens * (matrices + adapters + attention),
        1.1,
        "FLOP",
        "estimated",
        f"{told} a parameter and token, attention, {tokens:,.0f} tokens" + (", forward twice" if again else ""),
    )


def _num_steps(plan: FinetunePlan) -> int:
    return -(-plan.num_examples // plan.num_batch) * plan.num_epochs


def _time(flops: Quantity, trained: int, plan: FinetunePlan, roofs: Roofs, place: str) -> Quantity:
    """Return arithmetic over the rate of products, and the optimizer's traffic over the rate of memory."""
    rate = _compute(roofs, "fp32" if place == "cpu" else "fp16")
    share = ranges.with_k(TRAINING_SHARE, TRAINING_K, "1", "assumed", "training over plain products")
    speed = ranges.times((rate, share), "FLOP/s", rate.basis)
    work = ranges.over(flops, speed, "s", f"arithmetic over {TRAINING_SHARE:g} of the rate of products; {rate.basis}")
    memory = roofs.elements_bytes_per_s or roofs.attention_bytes_per_s
    traffic = ranges.with_k(STEP_BYTES * trained * _num_steps(plan), 1.1, "B", "estimated", "AdamW, all steps")
    steps = ranges.over(traffic, memory, "s", "optimizer's traffic over the rate of memory")
    return ranges.total([work, steps], "s", work.basis) if work.value is not None else work


def _compute(roofs: Roofs, family: KernelFamily) -> Quantity:
    """Return the measured rate of large products where the computer is calibrated, else that by specification."""
    if roofs.calibrated is not None:
        for matrix in roofs.calibrated.matrices:
            if matrix.family == family:
                return matrix.compute_flops_per_s[-1]
    found: Sequence[Quantity] = [roof.compute_flops_per_s for roof in roofs.roofs if roof.family == family]
    return found[0] if found else unknown("FLOP/s", f"the rate of {family} products is not known")


def _assumptions(plan: FinetunePlan, place: str) -> tuple[str, ...]:
    where = "every linear matrix of the blocks" if plan.targets == "all-linear" else "queries and values"
    return (
        "AdamW, 16 bytes for each trained parameter: weight, gradient and the optimizer's own numbers.",
        "Weights in 32 bits on a processor." if place == "cpu" else "Mixed precision, 16-bit weights on a card.",
        f"Adapters of rank {plan.rank} on {where}; no examples are padded.",
        f"Training runs at {TRAINING_SHARE:.0%} of plain matrix products, a factor of {TRAINING_K:g} either way.",
        "QLoRA: unpacking of 4-bit weights is not counted; on processors few programs offer it.",
        "Evaluation, saving and failed attempts are not counted.",
    )
