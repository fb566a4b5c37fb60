"""The three files of an AI Energy Score run, in Wh and kWh per all queries. Never comparable with its leaderboard.

Source: AIEnergyScore a5b9a04 and optimum-benchmark: names and units of the fields; see design/energy.md 11.
"""

from typing import Any

from advisor.report.interchange import canonical
from advisor.report.public_parts import Document, encode
from advisor.units import J_PER_WH

REPORT, SUMMARY, TEXT = "benchmark_report.json", "GPU_ENERGY_SUMMARY.json", "GPU_ENERGY_WH.txt"
PHASES = ("preprocess", "prefill", "decode")
_OURS = {"prefill": ("prefill", "query"), "decode": ("decode",), "preprocess": ()}
"""AI Energy Score's phase -> ours; a model that answers in one run has a prefill only."""
J_PER_KWH = 1000 * J_PER_WH
BYTES_PER_MB = 1e6


def files(document: Document) -> dict[str, bytes]:
    """Return the files by name.

    Args:
        document: `fit-energy/1`.
    """
    gpu = {name: _phase_j(document, name, "gpu") for name in PHASES}
    card = document["energy"]["components"]["gpu"]
    total_j = card["gross_j"]["value"] if card is not None and canonical.is_metered(document) else None
    total_wh = None if total_j is None else total_j / J_PER_WH
    summary = {
        "units": "Wh",
        "total": total_wh,
        "format": canonical.maker(),
        **{f"{name}_wh": None if joules is None else joules / J_PER_WH for name, joules in gpu.items()},
        "num_queries": document["workload"]["n_queries"],
        **_apart(document),
    }
    text = "null\n" if total_wh is None else f"{total_wh!r}\n"
    return {REPORT: encode(report(document)), SUMMARY: encode(summary), TEXT: text.encode("ascii")}


def report(document: Document) -> Document:
    """Return `benchmark_report.json`."""
    return {
        **{name: _phase(document, name) for name in PHASES},
        "per_token": _per_token(document),
        "num_queries": document["workload"]["n_queries"],
        "tokens_in": document["workload"]["tokens_in"],
        "tokens_out": document["workload"]["tokens_out"],
        **_apart(document),
        "tool": document["tool"],
        "boundary": document["energy"]["boundary"],
    }


def _apart(document: Document) -> Document:
    return {"comparable_to_leaderboard": False, "reason": document["comparability"]["reason"]}


def _phase(document: Document, name: str) -> Document | None:
    parts = {part: _phase_j(document, name, part) for part in ("cpu", "ram", "gpu")}
    total = document["energy"]["total"]["parts"]
    joules = [_phase_j(document, name, part) for part in total]
    if not joules or any(value is None for value in joules):
        return None
    total_kwh = sum(value or 0.0 for value in joules) / J_PER_KWH
    seconds = _found(document, name, total[0], "duration_s")
    number = document["workload"]["n_queries"]
    return {
        "memory": _memory(document),
        "latency": {"unit": "s", "total": seconds, "mean": None if seconds is None else seconds / number},
        "throughput": {"unit": "samples/s", "value": number / seconds if seconds else None},
        "energy": {
            "unit": "kWh",
            **{part: None if value is None else value / J_PER_KWH for part, value in parts.items()},
            "total": total_kwh,
        },
        "efficiency": {"unit": "samples/kWh", "value": number / total_kwh if total_kwh else None},
        "measures": _measures(document, name, total),
        "num_blocks": _found(document, name, total[0], "n_blocks"),
    }


def _measures(document: Document, name: str, parts: list[str]) -> list[Document]:
    """Return one energy a block, each scaled to all queries; blocks of all counted parts were the same moments."""
    found = [
        [
            share * (_phase_j(document, name, part) or 0.0) / J_PER_KWH
            for share in _found(document, name, part, "block_shares")
        ]
        for part in parts
    ]
    shortest = min(map(len, found), default=0)
    return [
        {"energy": {"unit": "kWh", **{part: found[at][number] for at, part in enumerate(parts)},
                    "total": sum(values[number] for values in found)}}
        for number in range(shortest)
    ]  # fmt: skip


def _per_token(document: Document) -> Document | None:
    told = document["energy"]["j_per_output_token"]["value"]
    if told is None or not canonical.is_metered(document):
        return None
    kwh = told / J_PER_KWH
    return {
        "energy": {"unit": "kWh", "total": kwh},
        "efficiency": {"unit": "tokens/kWh", "value": 1 / kwh if kwh else None},
    }


def _memory(document: Document) -> Document:
    peak = document["performance"]["peak_rss_bytes"]["value"]
    return {"unit": "MB", "max_ram": None if peak is None else peak / BYTES_PER_MB}


def _phase_j(document: Document, name: str, part: str) -> float | None:
    if not canonical.is_metered(document):
        return None  # the middle of a typical range is no measurement
    found = _found(document, name, part, "gross_j")
    return None if found is None else found["value"]


def _found(document: Document, name: str, part: str, field: str) -> Any:  # noqa: ANN401 - a part of a document
    component = document["energy"]["components"][part]
    phases: Document = {} if component is None else component["phases"]
    return next((phases[ours][field] for ours in _OURS[name] if ours in phases), None)
