"""What a hub says of its models. Pure values."""

from typing import Literal

import msgspec

Gate = Literal["open", "automatic", "manual"]
"""Whether terms must be accepted first, and who grants access: the hub at once, or a person."""


class HubModel(msgspec.Struct, frozen=True, kw_only=True):
    """A model as a search lists it."""

    id: str
    task: str | None = None
    """The hub's word, for example `text-classification`."""
    licence: str | None = None
    library: str | None = None
    gate: Gate = "open"
    private: bool = False
    num_parameters: int | None = None
    weight_bytes: int | None = None
    """[B] Of its safetensors, by the types the hub counted; null when it does not say."""
    num_downloads: int = 0
    """[1] In the last 30 days."""
    num_likes: int = 0


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """Answer to a search."""

    host: str
    models: tuple[HubModel, ...]
    num_looked_at: int = 0
    """[1] Models the hub listed, before the largest size was held against them."""
    num_size_unknown: int = 0
    """[1] Models left out because a largest size was asked for and the hub does not state theirs."""


class HubFile(msgspec.Struct, frozen=True, kw_only=True):
    """One file of a revision."""

    name: str
    size_bytes: int
    sha256: str | None = None
    """Hash of the content, of large files only."""
    blob_id: str | None = None
    """Git's own hash, of small files only."""


class HubRepo(msgspec.Struct, frozen=True, kw_only=True):
    """A model's files at one commit."""

    id: str
    host: str
    revision: str
    """As it was asked for: a branch, a tag or a commit."""
    commit: str
    files: tuple[HubFile, ...]
    licence: str | None = None
    task: str | None = None
    """The hub's word for what it does."""
    gate: Gate = "open"
    private: bool = False

    def size_bytes(self) -> int:
        """Return the bytes of all files."""
        return sum(file.size_bytes for file in self.files)
