"""What is said and written of the conversion of a model: before it, while it runs, after it."""

from advisor import units
from advisor.catalog import formats
from advisor.convert.plan import ConvertPlan, ConvertResult
from advisor.report.public_parts import Document, figure, head, plain_figure
from advisor.runnable.provenance import NumericCheck

METHOD_WORDS = {
    "rtn": "rounded to the nearest step", "k-quant": "steps searched for the least error (slower to make)",
}  # fmt: skip
ROUTE_WORDS = {"builder": "onnxruntime-genai's model builder", "torch-onnx": "PyTorch's exporter"}
CANCELLED = "The conversion was cancelled; nothing was kept."
FILE_TITLES = ("File", "Size")
_FILES = "size of the files"
_FAR_SHARE = 0.8
"""[1] Below this share of equal first choices the user is told to look at what compression costs."""


def plan_sentence(plan: ConvertPlan) -> str:
    """Return what a conversion will do and take, before it is started."""
    label = formats.by_id(plan.format_id).label
    low, high = (units.duration(end or 0) for end in (plan.seconds.low, plan.seconds.high))
    free = "" if plan.disk_free_bytes is None else f"; {units.size(plan.disk_free_bytes)} are free there"
    return (
        f"{plan.model_id} ({plan.stored_as}, {units.count(plan.num_parameters)} parameters) is converted to {label} "
        f"by {ROUTE_WORDS[plan.route]}: about {units.size(plan.size.value or 0)} in {plan.folder}. It takes about "
        f"{units.duration(plan.seconds.value or 0)} ({low} to {high}, by your computer), "
        f"{units.size(plan.memory.value or 0)} of memory at its peak and {units.size(plan.disk_needed_bytes)} of disk "
        f"while it works{free}. Nothing is sent."
    )


def refusal_lines(plan: ConvertPlan) -> list[str]:
    """Return why a conversion will not be started; empty when it can be."""
    return [f"{item.message} {item.remedy}".strip() for item in plan.refusals]


def done_sentence(result: ConvertResult) -> str:
    """Return what was made, and what was said before beside what it took."""
    return (
        f"{result.model_id} is converted to {formats.by_id(result.format_id).label}: {units.size(result.size_bytes)} "
        f"in {result.folder}, after {units.duration(result.wall_s)}, with {units.size(result.peak_memory_bytes)} of "
        f"memory at its peak ({units.size(result.predicted_memory_bytes)} were foreseen)."
    )


def check_sentence(check: NumericCheck | None) -> str:
    """Return how near the converted model's answers are to the original's."""
    if check is None:
        return "Its answers were not compared with the original's."
    more = ""
    if check.top1_agreement_share is not None and check.mean_kl_nats is not None:
        more = (
            f"; the same first choice in {check.top1_agreement_share:.0%} of the positions, mean divergence "
            f"{check.mean_kl_nats:.2g} nats"
        )
    cosine = "" if check.cosine is None else f", mean cosine {check.cosine:.5f}"
    far = ""
    if check.top1_agreement_share is not None and check.top1_agreement_share < _FAR_SHARE:
        far = (
            " It works, but answers otherwise than the original often: measure what compression costs before you use "
            "it (page Compare, or `model-fit-advisor compression`), or take a format with more bits."
        )
    return (
        f"Compared with PyTorch on {check.num_inputs} inputs: largest error {check.max_error:.2g} and mean error "
        f"{check.mean_error:.2g} where the answers' root mean square is {check.scale:.2g}{cosine}{more}. Asked for: "
        f"{check.limit}.{far}"
    )


def file_rows(result: ConvertResult) -> list[tuple[str, str]]:
    """Return the files for a table."""
    return [(file.name, units.size(file.size_bytes)) for file in result.provenance.files]


def plan_document(plan: ConvertPlan) -> Document:
    """Return the public JSON of a plan."""
    return {
        **head("conversion-plan"), "sentence": plan_sentence(plan), "model": plan.model_id, "format": plan.format_id,
        "method": plan.method, "source_kind": plan.source_kind, "stored_as": plan.stored_as,
        "structure": plan.structure, "route": plan.route, "folder": plan.folder, "exists": plan.exists,
        "steps": list(plan.steps), "memory": figure(plan.memory), "time": figure(plan.seconds),
        "size": figure(plan.size),
        "parameters": plain_figure(plan.num_parameters, "parameters", "measured", "stated in the headers of the files"),
        "disk": plain_figure(plan.disk_needed_bytes, "B", "estimated", "the result and what lies beside it meanwhile"),
        "free": plain_figure(plan.disk_free_bytes, "B", "measured", "free on the disk of the folder"),
        "refusals": [{"code": item.code, "message": item.message, "remedy": item.remedy} for item in plan.refusals],
        "notes": list(plan.notes),
    }  # fmt: skip


def done_document(result: ConvertResult) -> Document:
    """Return the public JSON of a conversion."""
    origin = result.provenance
    return {
        **head("conversion"), "sentence": done_sentence(result), "model": result.model_id, "format": result.format_id,
        "method": result.method, "folder": result.folder, "made_by": origin.method,
        "licence": origin.licence, "revision": origin.revision, "created": origin.created,
        "options": dict(origin.options), "versions": dict(origin.versions),
        "size": plain_figure(result.size_bytes, "B", "measured", _FILES),
        "weights": plain_figure(result.weight_bytes, "B", "measured", _FILES),
        "predicted_weights": plain_figure(result.predicted_size_bytes, "B", "estimated", "said before it started"),
        "time": plain_figure(result.wall_s, "s", "measured", "clock of this computer"),
        "predicted_time": plain_figure(result.predicted_s, "s", "estimated", "said before it started"),
        "memory": plain_figure(result.peak_memory_bytes, "B", "measured", "highest resident set of the child"),
        "predicted_memory": plain_figure(result.predicted_memory_bytes, "B", "estimated", "said before it started"),
        "check": _check(origin.check),
        "files": [
            {"name": file.name, "size": plain_figure(file.size_bytes, "B", "measured", _FILES), "sha256": file.sha256}
            for file in origin.files
        ],
        "notes": list(result.notes),
    }  # fmt: skip


def _check(check: NumericCheck | None) -> Document | None:
    if check is None:
        return None
    basis = "compared with PyTorch on real inputs"

    def plain(value: float | None, unit: str = "1") -> Document:
        return plain_figure(value, unit, "measured", basis)

    return {
        "sentence": check_sentence(check), "accepted": check.accepted, "limit": check.limit,
        "num_inputs": check.num_inputs, "num_values": check.num_values, "max_error": plain(check.max_error),
        "mean_error": plain(check.mean_error), "scale": plain(check.scale), "cosine": plain(check.cosine),
        "top1_agreement": plain(check.top1_agreement_share), "divergence": plain(check.mean_kl_nats, "nat"),
    }  # fmt: skip
