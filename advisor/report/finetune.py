"""Adapters against full fine-tuning, as rows, sentences and JSON."""

from typing import Any

from advisor import units
from advisor.estimate.finetune import Finetune, FinetuneMethod, Method
from advisor.report import wording
from advisor.report.language import _
from advisor.report.public_parts import figure, head, plain_figure

Document = dict[str, Any]
TITLES = ("Way", "Trained parameters", "Memory, peak", "Fits", "Time", "Energy", "Evidence")
_NAMES: dict[Method, str] = {"full": "All weights", "lora": "Adapters (LoRA)", "qlora": "Adapters on 4 bits (QLoRA)"}
_FIGURES = ("weights", "gradients", "optimizer", "activations", "memory", "flops", "time", "energy")


def rows(found: Finetune) -> list[tuple[str, ...]]:
    """Return one row a way to train."""
    return [
        (
            _(_NAMES[item.method]),
            f"{units.count(item.num_trained)} ({units.number(100 * item.trained_share)} %)",
            wording.figure(item.memory),
            wording.verdict_word(item.verdict),
            wording.figure(item.time),
            wording.figure(item.energy),
            item.energy.evidence if item.energy.value is not None else item.time.evidence,
        )
        for item in found.methods
    ]


def sentences(found: Finetune) -> list[str]:
    """Return the data size, how adapters compare, and every assumption, one sentence each."""
    plan = found.plan
    full, lora = (_method(found, name) for name in ("full", "lora"))
    told = [
        _("{examples} examples of {tokens} tokens, {epochs} times over: {steps} steps.").format(
            examples=f"{plan.num_examples:,}",
            tokens=f"{plan.num_tokens:,}",
            epochs=f"{plan.num_epochs:,}",
            steps=f"{found.num_steps:,}",
        )
    ]
    if full.energy.value and lora.energy.value and full.memory.value and lora.memory.value:
        told.append(
            _("Adapters take {energy} of the energy and {memory} of the memory of full fine-tuning.").format(
                energy=f"{100 * lora.energy.value / full.energy.value:.0f} %",
                memory=f"{100 * lora.memory.value / full.memory.value:.0f} %",
            )
        )
    return [*told, *found.assumptions, _("Energy covers: {boundary}.").format(boundary=found.boundary)]


def _method(found: Finetune, name: Method) -> FinetuneMethod:
    return next(item for item in found.methods if item.method == name)


def finetune_json(found: Finetune) -> Document:
    """Return the public document `finetune`."""
    plan = found.plan
    sizes = {
        "num_examples": "examples", "num_tokens": "tokens", "num_epochs": "epochs", "num_batch": "examples",
        "rank": "1",
    }  # fmt: skip
    return {
        **head("finetune"),
        "model": found.model,
        "device": found.device,
        "plan": {
            **{
                name: plain_figure(getattr(plan, name), unit, "assumed", "as asked for") for name, unit in sizes.items()
            },
            "targets": plan.targets,
            "checkpointing": plan.checkpointing,
        },
        "parameters": plain_figure(found.num_parameters, "parameters", "estimated", "catalog"),
        "steps": plain_figure(found.num_steps, "steps", "estimated", "examples over batch, times epochs"),
        "memory_free": plain_figure(found.memory_free_bytes, "B", "estimated", f"free memory of {found.device}"),
        "methods": [
            {
                "method": item.method,
                "trained": plain_figure(item.num_trained, "parameters", "estimated", "from the shapes of the model"),
                "trained_share": plain_figure(item.trained_share, "1", "estimated", "trained over all parameters"),
                "verdict": item.verdict,
                **{name: figure(getattr(item, name)) for name in _FIGURES},
            }
            for item in found.methods
        ],
        "boundary": found.boundary,
        "assumptions": list(found.assumptions),
    }
