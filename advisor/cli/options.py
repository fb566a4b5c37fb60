"""Options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

from advisor.cli import completion

JsonFlag = Annotated[bool, typer.Option("--json", help="Print one JSON document (schemas in resources/schema).")]
TaskText = Annotated[
    str, typer.Option("--task", "-t", help="What you want done, in plain words; - reads standard input.")
]
OptionalTaskText = Annotated[
    str | None, typer.Option("--task", "-t", help="What you want done, in plain words; - reads standard input.")
]
Controls = Annotated[
    list[str] | None,
    typer.Option(
        "--with",
        "-w",
        metavar="FIELD=VALUE",
        help="Say a part of the task yourself; wins over the words. Repeat it. For example: kind=summarization, "
        "languages=de,hi, num_queries_per_day=500, max_latency_s=1, quality_need=good, licence_need=commercial, "
        "region=DE, num_context_tokens=8192.",
        autocompletion=completion.controls,
    ),
]
MachineFile = Annotated[
    Path | None, typer.Option("--machine", metavar="FILE", help="Plan for the machine saved in FILE, not for this one.")
]
Facts = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        "-s",
        metavar="FACT=VALUE",
        help="Plan with another fact, for example memory.total_bytes=16GiB. Repeat it.",
    ),
]
Memory = Annotated[
    str | None, typer.Option("--memory", metavar="SIZE", help="Plan for this much memory, for example 16GiB.")
]
Region = Annotated[
    str | None,
    typer.Option(
        "--region",
        metavar="COUNTRY",
        help="Country of the electricity, for example DE; adds CO2e.",
        autocompletion=completion.countries,
    ),
]
GramsPerKwh = Annotated[
    float | None,
    typer.Option(
        "--grid-g-per-kwh", metavar="G", help="Your own carbon intensity of electricity, in place of a country's."
    ),
]
Price = Annotated[
    float | None,
    typer.Option("--price", metavar="PRICE", help="Price of a kilowatt hour, for example 0.30; adds cost."),
]
Currency = Annotated[
    str | None, typer.Option("--currency", metavar="NAME", help="Written behind the cost; no conversion is made.")
]
Embodied = Annotated[
    bool, typer.Option("--embodied", help="Add the share of the computer's making, shown apart, with its assumptions.")
]
PresetName = Annotated[
    str | None,
    typer.Option(
        "--preset",
        metavar="NAME",
        help="Sizes of a known task, for example aies:text-generation (AI Energy Score).",
        autocompletion=completion.presets,
    ),
]
ModelName = Annotated[
    str,
    typer.Argument(
        metavar="MODEL",
        help="Model id, for example HuggingFaceTB/SmolLM2-135M-Instruct.",
        autocompletion=completion.models,
    ),
]
FormatName = Annotated[
    str,
    typer.Option(
        "--format",
        "-f",
        metavar="FORMAT",
        help="For example onnx-int4-b32, gguf-q4_k_m.",
        autocompletion=completion.formats,
    ),
]
