"""The coordinating child of a probe with real weights: splits texts, has the files measured cold and warm."""

import statistics
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec
from typing_extensions import override

from advisor import paths
from advisor.child.main import Channel, refuse_request
from advisor.errors import AdvisorError, ChildError, InvalidModelError
from advisor.evidence import Quantity, unknown
from advisor.probe import combine, coordinator, lock
from advisor.probe.coordinator import Coordinator
from advisor.probe.depth import DepthReport, DepthRequest
from advisor.probe.launches import Depth
from advisor.probe.plan import ProbeResult, WeightsFacts
from advisor.probe.real_inputs import RealInputs
from advisor.probe.schedule import Count
from advisor.probe.weights import cold, files, planner, prompts
from advisor.probe.weights.plan import WeightsPlan
from advisor.probe.weights.prompts import Prompts
from advisor.probe.weights.recipe import RealRecipe
from advisor.runnable import find, onnx_header
from advisor.runnable.model import RunnableModel
from advisor.runnable.tokenizer import Tokenizer

JOB = "probe-weights"
_SHORT = Count(num_prompts=1, num_blocks=1)
_COLD_BUDGET_S = 1.0
_MOST_ROWS = 64
"""Texts of a large batch; they are read by turns."""
_NUM_SPLITS = 15
_NO_TEXT = "this model reads no text"
_COLD_HALF_SHARE = 0.3
"""[1] Doubt about one load from a disk, whose speed varies."""
_ONE_SHARED = "GroupQueryAttention"


def probe(request: bytes, channel: Channel) -> bytes:
    """Run a probe with real weights. Job `probe-weights`: `WeightsPlan` to `ProbeResult`, both as JSON.

    Raises:
        InvalidModelError: the plan does not validate, or the files cannot be run.
        NotFoundError: the folder or its tokenizer is missing.
        ChildError: another probe runs, or a measuring child did not deliver.
    """
    started_s = time.monotonic()
    try:
        plan = msgspec.json.decode(request, type=WeightsPlan)
    except msgspec.DecodeError as error:
        raise refuse_request(error) from error
    channel.progress("prepare", 0.0, detail="reading the files' headers")
    model = find.open_model(Path(plan.path), model_id=plan.model_id)
    recipe = planner.recipe_of(model, plan.workload, plan.format_id)
    with lock.hold(paths.work_folder()):
        return msgspec.json.encode(_Real(plan, recipe, model, channel, started_s).run())


class _Real(Coordinator):
    """A probe of real files."""

    def __init__(
        self, plan: WeightsPlan, recipe: RealRecipe, model: RunnableModel, channel: Channel, started_s: float
    ) -> None:
        super().__init__(plan, recipe, channel, started_s)
        self._asked, self._model, self._sizes = plan, model, recipe
        self._real = RealInputs(model=model)
        self._texts: Prompts | None = None
        self._cold = unknown("s", "it was not tried")
        self._split = unknown("s", _NO_TEXT)
        self._unknown_share = 0.0

    @override
    def _layers(self) -> tuple[int, ...]:
        return (self._sizes.num_layers,)

    @override
    def _prepare(self, layers: Sequence[int]) -> float | None:
        """Turn texts into tokens."""
        recipe, model = self._sizes, self._model
        found = RealInputs(model=model, start_ids=_start_ids(model), shares_cache=_shares_cache(model))
        if recipe.num_input_tokens:
            self._channel.progress("prepare", coordinator.BUILD_SHARE / 2, detail="splitting real texts into tokens")
            tokenizer = Tokenizer(model)
            plan = self._asked
            texts = prompts.assemble(
                tokenizer, model.tokenizer, kind=plan.task_kind, wanted=plan.languages,
                num_tokens=recipe.num_input_tokens, generates=recipe.runner == "decoder",
                num_rows=max(prompts.NUM_TEXTS, min(_MOST_ROWS, recipe.num_batch)),
            )  # fmt: skip
            _in_vocabulary(texts, recipe.vocab_size, model)
            self._texts = texts
            self._unknown_share = _unknown_share(tokenizer, model, texts)
            self._split = _split_time(tokenizer, texts.language, recipe.num_input_tokens)
            found = msgspec.structs.replace(found, prompt_ids=texts.ids, written_ids=texts.written_ids)
        self._real = found
        return None

    @override
    def _files(self, num_layers: int) -> tuple[str, ...]:
        return tuple(str(Path(self._model.folder) / graph.name) for graph in self._model.graphs)

    @override
    def _request(
        self, num_layers: int, *, count: Count | None, budget_s: float, left_s: float | None = None, first: bool = False
    ) -> DepthRequest:
        plain = super()._request(num_layers, count=count, budget_s=budget_s, left_s=left_s, first=first)
        return msgspec.structs.replace(plain, real=self._real)

    @override
    def _launch(self, num_layers: int, number: int) -> None:
        """Load the files once from the disk before the first launch; all launches find them in the cache then."""
        if not self._reports:
            self._cold = self._load_cold(num_layers)
        super()._launch(num_layers, number)

    def _load_cold(self, num_layers: int) -> Quantity:
        why_not = cold.drop(files.paths_of(self._model))
        if why_not:
            return unknown("s", why_not)
        self._trying = True  # what it says of its progress is not the probe's
        self._channel.progress("load", coordinator.BUILD_SHARE, detail="loading it from the disk, as after a restart")
        request = self._request(num_layers, count=_SHORT, budget_s=_COLD_BUDGET_S)
        try:
            report: DepthReport = self._child(num_layers, request)
        except ChildError as error:
            if error.code != "timed_out":
                raise
            return unknown("s", "loading it from the disk took too long")
        finally:
            self._trying = False
        value = report.measurement.load_s
        return Quantity(
            value=value, low=(1 - _COLD_HALF_SHARE) * value, high=(1 + _COLD_HALF_SHARE) * value, unit="s",
            evidence="measured",
            basis="session made once after the files were dropped from the system's cache; a disk or a host of virtual "
            "machines may keep a cache of its own",
        )  # fmt: skip

    @override
    def _child(self, num_layers: int, request: DepthRequest) -> DepthReport:
        try:
            return super()._child(num_layers, request)
        except ChildError as error:
            if error.code == "invalid_model":
                raise InvalidModelError("onnx-file-refused", error.message, remedy=error.remedy) from error
            raise

    @override
    def _result(self, depths: tuple[Depth, ...], account: combine.Account) -> ProbeResult:
        plan, texts, model = self._asked, self._texts, self._model
        self._channel.progress("cool", 1.0, detail="reading the files once more for their hash")
        facts = WeightsFacts(
            folder=Path(model.folder).name, layout=model.layout, files=files.described(model),
            revision=model.provenance.revision if model.provenance is not None else None,
            language=texts.language if texts is not None else None,
            with_template=texts is not None and texts.with_template,
            num_texts=len(texts.ids) if texts is not None else 0, unknown_share=self._unknown_share,
            load_time_cold=self._cold, tokenize_time=self._split,
        )  # fmt: skip
        subject = combine.Subject(kind="weights", model=plan.model_id, format=plan.format_id, weights=facts)
        return combine.result_of(subject, plan, self._sizes, depths, account)


def _start_ids(model: RunnableModel) -> tuple[int, ...]:
    """Return what the answer of an encoder-decoder begins with."""
    if not model.has("encoder"):
        return ()
    config, facts = model.config, model.tokenizer
    stated = (config.get("decoder_start_token_id"), config.get("bos_token_id"), facts and facts.bos_token_id)
    return (next((value for value in stated if type(value) is int), 0),)


def _shares_cache(model: RunnableModel) -> bool:
    """Tell whether one cache is past and present at once: asked for by the settings, and possible for the operators."""
    search = model.runtime_config.get("search")
    asked = isinstance(search, dict) and search.get("past_present_share_buffer") is True
    return asked and _ONE_SHARED in onnx_header.read(Path(model.folder) / model.graphs[-1].name).num_by_operator


def _in_vocabulary(texts: Prompts, vocab_size: int, model: RunnableModel) -> None:
    """Refuse a tokenizer of another model: its numbers would lead past the end of the table of words."""
    largest = max((max(ids) for ids in (*texts.ids, texts.written_ids) if ids), default=0)
    stated = model.config.get("vocab_size")
    if isinstance(stated, int) and largest >= max(stated, vocab_size):
        raise InvalidModelError(
            "tokenizer-foreign",
            f"The tokenizer beside {model.model_id} knows tokens up to {largest:,}, the model {stated:,}: they are not "
            "of the same model.",
            remedy="Download tokenizer.json of this model into the folder.",
        )


def _unknown_share(tokenizer: Tokenizer, model: RunnableModel, texts: Prompts) -> float:
    """Return how many of the texts' tokens stand for what the tokenizer does not know, 0 to 1."""
    facts = model.tokenizer
    unknown_id = None if facts is None else tokenizer.token_id(facts.special_tokens.get("unk_token"))
    every = [token for ids in texts.ids for token in ids]
    return every.count(unknown_id) / len(every) if unknown_id is not None and every else 0.0


def _split_time(tokenizer: Tokenizer, language: str, num_tokens: int) -> Quantity:
    """Return the time to split a text of that many tokens."""
    text = tokenizer.decode(tokenizer.encode(prompts.text(language, 8 * num_tokens), max_tokens=num_tokens))
    times = []
    try:
        for _ in range(_NUM_SPLITS):
            begin_s = time.perf_counter()
            tokenizer.encode(text)
            times.append(time.perf_counter() - begin_s)
    except AdvisorError:  # pragma: no cover - it has just worked
        return unknown("s", "the tokenizer failed")
    return Quantity(
        value=statistics.median(times), low=min(times), high=max(times), unit="s", evidence="measured",
        basis=f"median of {_NUM_SPLITS} times, a text of {num_tokens} tokens, one thread; no part of the other times",
    )  # fmt: skip
