"""Makes whole networks of transformers, diffusers and timm with random weights, and the inputs to export them with."""

import importlib
from contextlib import contextmanager

DEPTH_FIELDS = ("num_hidden_layers", "num_layers")


def model(subject, depth=None):
    """Return a network ready for export; `depth` overrides its number of layers."""
    if subject["library"] == "timm":
        import timm

        return timm.create_model(subject["model_class"]).eval()
    library = importlib.import_module(subject["library"])
    config = dict(subject["config"])
    if depth is not None:
        config |= {name: depth for name in DEPTH_FIELDS if name in config}
    model_class = getattr(library, subject["model_class"])
    if subject["library"] == "diffusers":
        return model_class(**config).eval()
    return model_class(getattr(library, subject["config_class"])(**config)).eval()


def tensors(inputs):
    """Return inputs as tensors: a kind and a shape each, or a table of such."""
    return {name: tensors(what) if isinstance(what, dict) else _tensor(*what) for name, what in inputs.items()}


def _tensor(kind, *shape):
    import torch

    return torch.randn(*shape) if kind == "normal" else torch.ones(*shape, dtype=torch.int64)


@contextmanager
def unmasked():
    """Export attention over all patches without a mask, as the model runs.

    While it is traced, transformers 5 adds a mask that hides nothing to be on the safe side; transformers 4, with which
    nearly all published files were made, does not.
    """
    from transformers import masking_utils

    kept = masking_utils._ignore_bidirectional_mask_sdpa
    masking_utils._ignore_bidirectional_mask_sdpa = lambda *_, **__: True
    try:
        yield
    finally:
        masking_utils._ignore_bidirectional_mask_sdpa = kept
