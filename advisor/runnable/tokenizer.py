"""Texts to token numbers and back, as the model was trained with them. Needs the library `tokenizers`, in a child."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from advisor.catalog.headers.source import LocalFolder, shown
from advisor.errors import AdvisorError, InvalidFileError, InvalidModelError, NotFoundError
from advisor.runnable.model import RunnableModel

Text = str | tuple[str, str]
"""A text, or a pair that is judged together."""
_MOST_BYTES = 200_000_000
_MOST_ABOVE = 1.1
"""[1] Tokens of a model's own tokenizer over those it states; those added later are a handful."""
_FOREIGN = ("tokenizer.model", "sentencepiece.bpe.model", "spiece.model", "vocab.txt", "vocab.json", "source.spm")
_PICKLED = (".pkl", ".pickle", ".bin", ".pt")


class Encoded(msgspec.Struct, frozen=True, kw_only=True):
    """A text as the network reads it."""

    ids: tuple[int, ...]
    type_ids: tuple[int, ...]
    """0 for the first text of a pair, 1 for the second."""
    offsets: tuple[tuple[int, int], ...]
    """Of each token: its first character and the one behind it, in the text."""
    is_cut: bool
    """The text was longer than was allowed."""


class Tokenizer:
    """The tokenizer of one model."""

    def __init__(self, model: RunnableModel) -> None:
        """Read tokenizer.json.

        Raises:
            NotFoundError: `tokenizer-missing`.
            InvalidFileError: `tokenizer-invalid`.
            InvalidModelError: `tokenizer-foreign`; it has far more tokens than the model knows.
        """
        self._facts = model.tokenizer
        if self._facts is None:
            raise _missing(Path(model.folder))
        self._inner = _load(Path(model.folder), self._facts.name)
        _check_own(self.num_tokens(), model)
        special = self._facts.special_tokens
        self.pad_token_id: int = next(
            (
                found
                for found in (self._facts.pad_token_id, self.token_id(special.get("pad_token")))
                if found is not None
            ),
            0,
        )
        """What fills a batch; masked, so that its choice changes nothing."""
        own = self.token_id(special.get("eos_token"))
        self.eos_token_ids: tuple[int, ...] = self._facts.eos_token_ids or (() if own is None else (own,))
        """The tokens that end an answer."""
        self.max_tokens: int | None = self._facts.max_tokens or model.num_context_tokens
        """Longest input, special tokens included."""

    def token_id(self, token: str | None) -> int | None:
        """Return a token's number; null for none and for one the vocabulary lacks."""
        found = None if token is None else self._inner.token_to_id(token)
        return None if found is None else int(found)

    def num_tokens(self) -> int:
        """Return the size of the vocabulary with what was added to it."""
        return int(self._inner.get_vocab_size())

    def encode(self, text: str, *, special: bool = True, max_tokens: int | None = None) -> tuple[int, ...]:
        """Return the numbers of a text's tokens.

        Args:
            text: any; special tokens written in it count as such.
            special: add what the model wants before and after a text.
            max_tokens: longest result; by default nothing is cut.
        """
        return self.encode_batch((text,), special=special, max_tokens=max_tokens)[0].ids

    def encode_batch(
        self, texts: Sequence[Text], *, special: bool = True, max_tokens: int | None = None
    ) -> tuple[Encoded, ...]:
        """Return the tokens of several texts or pairs, none padded.

        Args:
            texts: any.
            special: as `encode`.
            max_tokens: as `encode`; of a pair, the longer text is cut first.
        """
        if max_tokens is None:
            self._inner.no_truncation()
        else:
            least = self._inner.num_special_tokens_to_add(any(not isinstance(text, str) for text in texts))
            self._inner.enable_truncation(max(max_tokens, (least if special else 0) + 1))
        found = self._inner.encode_batch(list(texts), add_special_tokens=special)
        return tuple(
            Encoded(
                ids=tuple(item.ids),
                type_ids=tuple(item.type_ids),
                offsets=tuple(map(tuple, item.offsets)),
                is_cut=bool(item.overflowing),
            )
            for item in found
        )

    def decode(self, ids: Sequence[int], *, special: bool = False) -> str:
        """Return the text of token numbers.

        Args:
            ids: of the vocabulary.
            special: write special tokens too.
        """
        return str(self._inner.decode(list(ids), skip_special_tokens=not special))


def _check_own(num_tokens: int, model: RunnableModel) -> None:
    """Refuse another model's tokenizer; a few tokens that were added and never learned are no sign of one."""
    stated = model.config.get("vocab_size")
    if type(stated) is int and num_tokens > _MOST_ABOVE * stated:
        raise InvalidModelError(
            "tokenizer-foreign",
            f"The tokenizer beside {model.model_id} has {num_tokens:,} tokens, the model {stated:,}: they are not of "
            "the same model.",
            remedy="Download tokenizer.json of this model into the folder.",
        )


def _load(folder: Path, name: str) -> Any:  # noqa: ANN401 - an untyped library
    import tokenizers

    try:
        with LocalFolder(folder).open(name) as source:
            if source.size_bytes > _MOST_BYTES:
                raise _invalid(name, f"it has {source.size_bytes:,} bytes")
            raw = source.read(0, source.size_bytes)
    except NotFoundError as error:
        raise _missing(folder) from error
    try:
        found = tokenizers.Tokenizer.from_buffer(raw)
    except AdvisorError:
        raise
    except Exception as error:
        raise _invalid(name, str(error).splitlines()[0] if str(error) else type(error).__name__) from error
    found.no_padding()
    found.no_truncation()
    return found


def _missing(folder: Path) -> NotFoundError:
    names = [entry.name for entry in folder.iterdir()] if folder.is_dir() else []
    foreign = next((name for name in _FOREIGN if name in names), None)
    pickled = next((name for name in names if "tokenizer" in name and name.endswith(_PICKLED)), None)
    if pickled is not None:
        why = f"{shown(pickled)} is a pickle, which can run program code and is never opened."
    elif foreign is not None:
        why = f"{foreign} alone does not say how texts are split."
    else:
        why = "Texts cannot be turned into tokens."
    return NotFoundError(
        "tokenizer-missing",
        f"{shown(folder.name)} has no tokenizer.json. {why}",
        remedy="Download tokenizer.json of the model into the folder.",
        folder=str(folder),
    )


def _invalid(name: str, why: str) -> InvalidFileError:
    return InvalidFileError(
        "tokenizer-invalid", f"{name} cannot be read: {why[:300]}.", remedy="Download it again.", file=name
    )
