"""A LoRA adapter laid into its base model: W + (alpha / r) B A, by PyTorch alone.

Source: Hu et al. 2021, "LoRA: Low-Rank Adaptation of Large Language Models"; names as PEFT writes them.
"""

import math
from pathlib import Path
from typing import Any

from advisor.catalog.headers import folder as headers
from advisor.catalog.headers.source import LocalFolder, shown
from advisor.errors import InvalidModelError

CONFIG = "adapter_config.json"
_PREFIX = "base_model.model."
_A, _B = ".lora_A.weight", ".lora_B.weight"


def merge(base: Path, adapter: Path, target: Path) -> None:
    """Write a base model with an adapter laid into it.

    Args:
        base: folder with the base model.
        adapter: folder with adapter_config.json and adapter_model.safetensors.
        target: folder to make.

    Raises:
        InvalidModelError: `adapter-not-plain`, `adapter-does-not-fit`, or as the headers' readers.
    """
    import torch
    import transformers
    from safetensors.torch import load_file

    settings = plain_settings(adapter)
    weights = load_file(str(adapter / headers.read_folder(LocalFolder(adapter)).files()[0].name))
    model: Any = transformers.AutoModelForCausalLM.from_pretrained(
        base, dtype=torch.float32, local_files_only=True, use_safetensors=True, trust_remote_code=False
    )
    matrices = dict(model.named_parameters())
    names = sorted(name[: -len(_A)] for name in weights if name.endswith(_A))
    left = [name for name in weights if not name.endswith((_A, _B))]
    if left or not names:
        raise _not_plain(adapter, f"it holds {shown((left or ['nothing'])[0])}")
    with torch.no_grad():
        for name in names:
            down, up = weights[name + _A].float(), weights.get(name + _B)
            matrix = matrices.get(f"{name.removeprefix(_PREFIX)}.weight")
            if matrix is None or up is None or up.shape[1] != down.shape[0] or matrix.shape != (
                up.shape[0], down.shape[1],
            ):  # fmt: skip
                raise InvalidModelError(
                    "adapter-does-not-fit",
                    f"{adapter.name} changes {shown(name)}, which the base model has not in that size.",
                    remedy="Give the base model that the adapter was trained on.",
                )
            matrix += settings["scale"] * (up.float() @ down)
    model.save_pretrained(target)


def plain_settings(adapter: Path) -> dict[str, float]:
    """Return the factor of an adapter that is nothing but LoRA.

    Raises:
        InvalidModelError: `adapter-not-plain`; DoRA, biases, embeddings or layers with ranks of their own.
    """
    from advisor.catalog.headers import companions

    facts = companions.read_object(LocalFolder(adapter), CONFIG)
    known = companions.adapter(facts)
    if known is None or known.method != "LORA" or not known.rank:
        raise _not_plain(adapter, "its adapter_config.json names no LoRA with a rank")
    odd = [key for key in ("use_dora", "rank_pattern", "alpha_pattern", "modules_to_save", "fan_in_fan_out")
           if facts.get(key)]  # fmt: skip
    if odd or facts.get("bias", "none") != "none":
        raise _not_plain(adapter, f"it uses {(odd or ['bias'])[0]}")
    alpha = known.alpha_ratio if known.alpha_ratio is not None else 1.0
    return {"scale": alpha * math.sqrt(known.rank) if facts.get("use_rslora") else alpha}


def _not_plain(adapter: Path, why: str) -> InvalidModelError:
    return InvalidModelError(
        "adapter-not-plain",
        f"The adapter {adapter.name} cannot be laid into its model: {why}.",
        remedy="Merge it with PEFT first and convert the merged model.",
    )
