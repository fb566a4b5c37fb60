"""The report as a value: everything a reader sees, before any format is chosen."""

from typing import Literal

import msgspec

from advisor.catalog.model import Runtime
from advisor.estimate.model import Verdict
from advisor.evidence import Evidence, Quantity
from advisor.recommend.model import QualityView
from advisor.report.compression_view import CompressionView
from advisor.report.energy_model import EnergySection
from advisor.report.examples_view import ExamplesView
from advisor.report.series import MemoryBar, ParetoSeries, ProbeSeries

REPORT_VERSION = 1
ReportSchema = Literal["model-fit-advisor/report/1"]


class FactRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One fact about the computer."""

    label: str
    text: str
    """Value with its unit, or `no data`."""
    source: str
    """Where it was read, or why it is not known."""


class TaskRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One thing that was understood of the task."""

    label: str
    text: str
    assumed: bool = False
    """True for a usual size that the user did not give."""


class FigureRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One figure with its name."""

    key: str
    """Name in the public JSON: `memory`, `time_to_first_token`, ..."""
    label: str
    quantity: Quantity


class ApproachRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One way to serve the task."""

    id: str
    label: str
    needs: str
    limits: str
    possible: bool
    why_not: str
    chosen: bool


class MeasuredRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An estimate beside the measurement of the same figure."""

    key: str
    label: str
    estimate: Quantity
    measured: Quantity
    difference: str
    """`12 % high`, or empty where one of them is missing."""


class BesideRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A figure of real weights beside that of made-up ones and the estimate."""

    key: str
    label: str
    estimate: Quantity | None
    made_up: Quantity | None
    weights: Quantity
    over_made_up: str
    """`1.03 (0.97 to 1.1)`, or empty where one of them is missing."""


class CandidateView(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One candidate with all its figures."""

    index: int
    rank: int | None
    model: str
    family: str
    format: str
    format_label: str
    approach: str
    approach_label: str
    runtime: Runtime | None = None
    licence: str | None
    verdict: Verdict
    sentence: str
    """The verdict with its numbers."""
    evidence: Evidence
    """The weakest of memory, speed and energy."""
    pareto: bool
    figures: tuple[FigureRow, ...]
    quality: QualityView
    quality_text: str
    comparison: tuple[MeasuredRow, ...]
    """Empty until it was measured here."""
    comparison_note: str = ""
    rejections: tuple[str, ...]
    not_modelled: tuple[str, ...]
    yours: bool = False
    """A model the user brought."""

    def quantity(self, key: str) -> Quantity | None:
        """Return the figure of that name, or null."""
        return next((row.quantity for row in self.figures if row.key == key), None)


class Answer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The answer at a glance."""

    model: str
    format_label: str
    approach_label: str
    verdict: Verdict
    sentence: str
    reason: str
    smaller: str
    larger: str
    caveats: tuple[str, ...]
    key_figures: tuple[FigureRow, ...]
    """Memory, speed, energy, and quality or carbon: at most four."""


class SampleSummary(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One kind of live reading in a few numbers."""

    label: str
    num_samples: int
    lowest: Quantity
    median: Quantity
    highest: Quantity


class ProbeView(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One measurement made on this computer."""

    id: str
    created: str
    model: str
    format_label: str
    outcome: str
    sentence: str
    kind: str
    conditions: tuple[TaskRow, ...]
    comparison: tuple[MeasuredRow, ...]
    beside: tuple[BesideRow, ...] = ()
    """In place of the comparison, of a probe with real weights."""
    figures: tuple[FigureRow, ...]
    grade: str
    grade_text: str
    reasons: tuple[str, ...]
    samples: tuple[SampleSummary, ...]


class Published(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A published energy figure on other hardware: of a model shown here, of other models, or a mean of the task."""

    model: str
    task: str
    """What was tested, with its sizes; empty for a mean."""
    energy: Quantity
    """[Wh] Per 1,000 queries."""
    test_date: str
    """Cohort and date: figures of different cohorts are not on one scale."""
    source: str
    hardware: str = ""
    stars: int | None = None
    """Official, inside its cohort; a figure of this computer never has any."""


class CarbonNote(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The electricity behind the carbon figures."""

    country: str
    intensity: Quantity
    """[g/kWh]"""
    year: int | None
    """Null for a value of the user's own."""
    source: str
    note: str = ""


class MethodNote(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How one group of figures was made."""

    title: str
    text: str
    formula: str = ""


class FigureData(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The series behind the drawings."""

    memory: tuple[MemoryBar, ...]
    pareto: ParetoSeries
    probes: tuple[ProbeSeries, ...]


class ReportDocument(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A whole report."""

    schema: ReportSchema = "model-fit-advisor/report/1"
    version: int = REPORT_VERSION
    title: str
    created: str
    """ISO 8601, UTC."""
    language: str = "en"
    """BCP 47 language of the texts."""
    redacted: bool
    versions: dict[str, str]
    """Name and version of the app, the catalog and ONNX Runtime."""
    machine_name: str
    machine: tuple[FactRow, ...]
    machine_notes: tuple[str, ...]
    task_text: str
    """The user's own words."""
    task: tuple[TaskRow, ...]
    approaches: tuple[ApproachRow, ...]
    answer: Answer | None
    why_no_answer: str
    counts: str
    """How many candidates were judged and why some were left out."""
    candidates: tuple[CandidateView, ...]
    """The best models, each in its best format."""
    formats: tuple[CandidateView, ...]
    """The picked model in its other formats."""
    probes: tuple[ProbeView, ...]
    published: tuple[Published, ...]
    carbon: CarbonNote | None
    evidence: tuple[TaskRow, ...]
    """What the evidence words mean."""
    methods: tuple[MethodNote, ...]
    sources: tuple[str, ...]
    drawings: FigureData
    energy: EnergySection | None = None
    """Of the pick; null without one and in reports of older versions."""
    compression: tuple[CompressionView, ...] = ()
    """What compression was measured here to cost the models that are shown; empty in reports of older versions."""
    examples: ExamplesView | None = None
    """The last run on the user's own examples, where the user wants it; null in reports of older versions."""
