"""What the page Models shows: frozen values, made in words by the controllers."""

from typing import Any, Literal

import msgspec

from advisor.estimate.model import Verdict

WorkPhase = Literal["idle", "planning", "planned", "running", "stopping", "ended"]
WorkPart = Literal["download", "convert"]
FIRST_FORMAT, FIRST_METHOD = "onnx-int4-b32", "rtn"
HereKind = Literal["yours", "downloaded", "converted"]


class ModelFigure(msgspec.Struct, frozen=True, kw_only=True):
    """One figure of a model, in words."""

    name: str
    value: str
    basis: str


class Build(msgspec.Struct, frozen=True, kw_only=True):
    """One way a model of a hub can be had."""

    name: str
    kind: str
    label: str
    """With its size."""


class ModelView(msgspec.Struct, frozen=True, kw_only=True):
    """A model as its headers describe it, in words."""

    name: str
    sentence: str
    own: Any = None
    """The `OwnModel` that is kept when it is added; null where it cannot be a candidate."""
    why_not_add: str = ""
    verdict: Verdict = "unknown"
    verdict_sentence: str = ""
    """Whether it fits this computer, with the numbers."""
    figures: tuple[ModelFigure, ...] = ()
    types: tuple[tuple[str, ...], ...] = ()
    """Type, tensors, numbers, bytes, size."""
    notes: tuple[str, ...] = ()
    path: str = ""
    """Folder or file on this computer; empty for a model of a hub."""
    container: str = ""
    """`safetensors`, `gguf` or `onnx`."""
    hub_id: str = ""
    revision: str = ""
    commit: str = ""
    builds: tuple[Build, ...] = ()
    """Of a model of a hub, the one to take first."""
    ready_made: tuple[str, ...] = ()
    """Other models of the hub that hold this one ready to run."""


class LocalState(msgspec.Struct, frozen=True, kw_only=True):
    """A folder or file that is being read."""

    path: str = ""
    busy: bool = False
    error: str = ""


class HubQuery(msgspec.Struct, frozen=True, kw_only=True):
    """What to look for on a hub."""

    words: str = ""
    task: str | None = None
    licence: str | None = None
    max_bytes: int | None = None


class FoundModel(msgspec.Struct, frozen=True, kw_only=True):
    """One model of a search, for a table."""

    id: str
    cells: tuple[str, ...]
    keys: tuple[float | str, ...]
    """What each cell sorts by; NaN where it is not stated."""


class HubState(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked of a hub."""

    host: str = ""
    """Who is asked when the user searches; nothing was asked yet."""
    asking: str = ""
    """What is being asked now, in words; empty: nothing."""
    error: str = ""
    sentence: str = ""
    found: tuple[FoundModel, ...] = ()
    searched: bool = False


class WorkPlan(msgspec.Struct, frozen=True, kw_only=True):
    """What a download or a conversion will take, in words, before it starts."""

    facts: tuple[tuple[str, str], ...]
    """Licence, folder, free space, ...: name and value."""
    files: tuple[tuple[str, ...], ...] = ()
    """Of a download: name, size, whether it is here."""
    verdict: Verdict
    verdict_sentence: str
    why_not: str = ""
    """Why it cannot be started: no room on the disk."""
    request: bytes = b""
    """What the child is asked."""
    python: str = ""
    """Interpreter of the child where it needs another one."""
    notes: tuple[str, ...] = ()


class WorkState(msgspec.Struct, frozen=True, kw_only=True):
    """A download or a conversion that is planned, runs or has ended."""

    phase: WorkPhase = "idle"
    name: str = ""
    """Of the model."""
    plan: WorkPlan | None = None
    done_share: float = 0.0
    remaining_s: float | None = None
    detail: str = ""
    error: str = ""
    done: str = ""
    """What lies here now."""


class ConvertState(WorkState, frozen=True, kw_only=True):
    """A conversion."""

    source: ModelView | None = None
    format_id: str = FIRST_FORMAT
    method: str = FIRST_METHOD


class HereRow(msgspec.Struct, frozen=True, kw_only=True):
    """A model that is on this computer or on the user's list, as `report.own_models.HereLine` says it."""

    kind: HereKind
    key: str
    name: str
    what: str
    size: str
    size_bytes: int
    where: str
    path: str
    removal: str


class HereState(msgspec.Struct, frozen=True, kw_only=True):
    """Models that are here already."""

    rows: tuple[HereRow, ...] = ()
    notice: str = ""
    error: str = ""
    told: str = ""
    """What was just added or removed."""


class ModelsState(msgspec.Struct, frozen=True, kw_only=True):
    """All of the page."""

    chosen: ModelView | None = None
    local: LocalState = LocalState()
    hub: HubState = HubState()
    download: WorkState = WorkState()
    convert: ConvertState = ConvertState()
    here: HereState = HereState()


class ModelAction(msgspec.Struct, frozen=True, kw_only=True):
    """Something that can be done with a model on this computer, beside adding it to the candidates."""

    id: str
    text: str
    """On its button, with `&` mnemonic if any."""
    tip: str = ""
