"""Speech to text with real weights: Whisper and what is built like it."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import msgspec

from advisor.catalog.headers.companions import read_object
from advisor.catalog.headers.source import LocalFolder
from advisor.errors import InvalidInputError
from advisor.runnable import facts
from advisor.runnable.engine.greedy import Generation
from advisor.runnable.engine.network import Floats
from advisor.runnable.engine.seq2seq import EncoderDecoder
from advisor.runnable.engine.sound import RATE_PER_S, WINDOW_S, log_mel
from advisor.runnable.model import RunnableModel
from advisor.runnable.tokenizer import Tokenizer

_USUAL_BINS = 80
_USUAL_ANSWER = 224
_START, _TASK, _PLAIN = "<|startoftranscript|>", "<|transcribe|>", "<|notimestamps|>"


class Transcript(msgspec.Struct, frozen=True, kw_only=True):
    """What was heard."""

    text: str
    parts: tuple[Generation, ...]
    """One for each 30 seconds of sound."""


class Transcriber:
    """One speech model with its tokenizer. Its sessions are opened by the first call."""

    def __init__(self, model: RunnableModel, *, num_threads: int) -> None:
        """Read tokenizer and settings.

        Raises:
            AdvisorError: as `Tokenizer`; `config-damaged`.
        """
        self.tokenizer = Tokenizer(model)
        self._inner = EncoderDecoder(model, num_threads=num_threads)
        generation = read_object(LocalFolder(Path(model.folder)), facts.GENERATION)
        self._settings: Mapping[str, Any] = {**model.config, **generation}
        bins = model.config.get("num_mel_bins")
        self._num_bins = bins if type(bins) is int and bins > 0 else _USUAL_BINS

    def __enter__(self) -> Self:
        """Use it in a `with` statement."""
        return self

    def __exit__(self, *_: object) -> None:
        """Let go of the sessions."""
        self.close()

    def open(self) -> Self:
        """Load the weights now, for who measures it.

        Raises:
            AdvisorError: as `EncoderDecoder.open`.
        """
        self._inner.open()
        return self

    def close(self) -> None:
        """Let go of all weights."""
        self._inner.close()

    def transcribe(
        self, samples: Floats, *, language: str | None = None, max_new_tokens: int = _USUAL_ANSWER
    ) -> Transcript:
        """Write down what is said, each 30 seconds by themselves.

        Args:
            samples: at 16,000 a second, between -1 and 1.
            language: `en`, `de`, ...; null: of a model for several, the one that it hears first.
            max_new_tokens: for each 30 seconds.

        Raises:
            InvalidInputError: `prompt-empty`, `language-unknown`.
            AdvisorError: as `EncoderDecoder.generate`.
        """
        step = RATE_PER_S * WINDOW_S
        if not len(samples):
            raise InvalidInputError("prompt-empty", "There is no sound to read.", remedy="Give a recording.")
        parts = []
        for begin in range(0, len(samples), step):
            source = {"input_features": log_mel(samples[begin : begin + step], num_bins=self._num_bins)[None]}
            begins = self._begins(source, language)
            parts.append(self._inner.generate(
                source, max_new_tokens=max_new_tokens, start_ids=begins, suppressed_ids=self._ids("suppress_tokens"),
                suppressed_first_ids=self._ids("begin_suppress_tokens"),
            ))  # fmt: skip
        text = " ".join(self.tokenizer.decode(part.ids).strip() for part in parts)
        return Transcript(text=text.strip(), parts=tuple(parts))

    def _begins(self, source: Mapping[str, Floats], language: str | None) -> Sequence[int]:
        """Return the tokens that say what is wanted: language, task, no times; of models for one language, less."""
        start = self.tokenizer.token_id(_START)
        begins = self._inner.start_ids() if start is None else (start,)
        plain = self.tokenizer.token_id(_PLAIN)
        end = () if plain is None else (plain,)
        languages = self._languages()
        if not languages:
            return (*begins, *end)
        if language is None:
            scores = self._inner.logits(source, begins)[-1]
            chosen = max(languages.values(), key=lambda token: float(scores[token]))
        elif language in languages:
            chosen = languages[language]
        else:
            raise InvalidInputError(
                "language-unknown", f"The model does not know the language {language[:20]!r}.",
                remedy=f"Choose one of {', '.join(sorted(languages)[:20])}.",
            )  # fmt: skip
        task = self.tokenizer.token_id(_TASK)
        return (*begins, chosen, *(() if task is None else (task,)), *end)

    def _languages(self) -> dict[str, int]:
        """Return the tokens of languages, `de` -> number; none of a model for one language."""
        stated = self._settings.get("lang_to_id")
        pairs = stated.items() if isinstance(stated, dict) else ()
        return {str(name).strip("<|>"): token for name, token in pairs if type(token) is int}

    def _ids(self, key: str) -> tuple[int, ...]:
        stated = self._settings.get(key)
        return tuple(item for item in stated if type(item) is int and item >= 0) if isinstance(stated, list) else ()
