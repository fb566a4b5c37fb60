"""What a measuring child needs beside sizes to run a model's real files with real texts. Pure values."""

import msgspec

from advisor.runnable.model import RunnableModel


class RealInputs(msgspec.Struct, frozen=True, kw_only=True):
    """Files and token numbers."""

    model: RunnableModel
    prompt_ids: tuple[tuple[int, ...], ...] = ()
    """Texts as token numbers, each as long as the prompt; read by turns. Empty: the model reads no text."""
    written_ids: tuple[int, ...] = ()
    """Of a further text: what the model is fed while it writes, token by token."""
    start_ids: tuple[int, ...] = ()
    """What the answer of an encoder-decoder begins with."""
    shares_cache: bool = False
    """One cache is past and present at once, as onnxruntime-genai runs its models; else each run makes a longer one."""
