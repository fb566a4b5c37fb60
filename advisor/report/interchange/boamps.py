"""A report of BoAmps (Boavizta, AFNOR SPEC 2314): format 0.1, field names of its schemas.

Source: Boavizta/BoAmps, model/*_schema.json, CC BY 4.0; powerConsumption is energy in kWh, as its documentation says.
What is not known is left out: the format has no null.
"""

import uuid
from datetime import UTC, datetime
from typing import Any

from advisor.errors import InvalidInputError
from advisor.report.interchange import canonical
from advisor.report.public_parts import Document
from advisor.units import J_PER_WH

FORMAT_VERSION = "0.1"
SPECIFICATION = "https://github.com/Boavizta/BoAmps/tree/main/model"
HUB = "https://huggingface.co/"
_QUALITY = ((0.10, "high"), (0.25, "medium"), (0.50, "low"))
"""Widest end of the range over the value, as BoAmps grades what is stated."""
_GB = 1024**3
"""People call 17,179,869,184 bytes of memory 16 GB."""


def build(document: Document) -> Document:
    """Return the report; who publishes it and how confidential it is are the publisher's to say.

    Args:
        document: `fit-energy/1`.

    Raises:
        InvalidInputError: `energy-has-no-value` or `energy-not-metered`.
    """
    canonical.known_total_j(document)
    if not canonical.is_metered(document):
        raise InvalidInputError(
            "energy-not-metered",
            f"{canonical.unmetered_sentence(document)}.",
            remedy="--format canonical and --format sci hold the range.",
        )
    report: Document = _without_gaps(
        {
            "header": {
                "formatVersion": FORMAT_VERSION, "formatVersionSpecificationUri": SPECIFICATION,
                "reportId": _uuid(document["id"]), "reportDatetime": _time(document["created"]),
                "reportStatus": "draft",
            },
            "task": _task(document),
            "measures": [_measure(document, name) for name in document["energy"]["total"]["parts"]],
            "system": _system(document),
            "software": {"language": "python", "version": document["tool"]["versions"].get("python")},
            "infrastructure": {
                "infraType": "onPremise" if document["host"]["virtualised"] is False else "other",
                "components": _hardware(document),
            },
            "environment": _environment(document),
            "quality": _quality(document),
        }
    )  # fmt: skip
    return report


def _task(document: Document) -> Document:
    model, sizes = document["model"], document["workload"]
    number, writes = sizes["n_queries"], bool(sizes["tokens_out"])
    from_hub = model["sha256"] is None and "/" in model["name"]
    return {
        "taskStage": "inference",
        "taskFamily": sizes["task"] or ("textGeneration" if writes else "inferenceOfAFile"),
        "nbRequest": number,
        "algorithms": [
            {
                "algorithmType": "llm" if writes else "neuralNetwork", "foundationModelName": model["name"],
                "foundationModelUri": f"{HUB}{model['name']}" if from_hub else None,
                "parametersNumber": None if model["params"] is None else model["params"] / 1e9,
                "framework": model["runtime"], "frameworkVersion": document["tool"]["versions"].get("onnxruntime"),
                "layersNumber": model["layers"], "quantization": model["format"],
            }
        ],
        "dataset": [
            _data("input", sizes["tokens_in"], number), _data("output", sizes["tokens_out"], number)
        ],
        "taskDescription": (
            f"{document['energy']['boundary']}. {sizes['scope']}; {model['source']}; "
            f"evidence {document['energy']['total']['evidence']}."
        ),
    }  # fmt: skip


def _data(usage: str, num_tokens: int | None, number: int) -> Document:
    if not num_tokens:
        return {"dataUsage": usage, "dataType": "other", "dataQuantity": number}
    return {"dataUsage": usage, "dataType": "token", "dataQuantity": num_tokens * number}


def _measure(document: Document, name: str) -> Document:
    part = document["energy"]["components"][name]
    return {
        "measurementMethod": part["meter"],
        "version": f"{document['tool']['name']} {document['tool']['version']}",
        "cpuTrackingMode": part["meter_id"] if name == "cpu" else None,
        "gpuTrackingMode": part["meter_id"] if name == "gpu" else None,
        "powerConsumption": part["gross_j"]["value"] / (1000 * J_PER_WH),
        "measurementDuration": document["energy"]["duration_s"]["value"],
        "measurementDateTime": _time(document["created"]),
    }


def _system(document: Document) -> Document:
    system = document["host"]["system"] or "unknown"
    return {"os": system.lower(), "distribution": document["host"]["os"]}


def _hardware(document: Document) -> list[Document]:
    host = document["host"]
    found: list[Document] = [{"componentName": host["cpu"], "componentType": "cpu", "nbComponent": 1}]
    for gpu in host["gpu"]:
        size = gpu["memory_bytes"]
        found.append(
            {
                "componentName": gpu["name"], "componentType": "gpu", "nbComponent": 1,
                "memorySize": None if size is None else round(size / _GB),
            }
        )  # fmt: skip
    if host["ram_bytes"] is not None:
        found.append({"componentType": "ram", "nbComponent": 1, "memorySize": round(host["ram_bytes"] / _GB)})
    return found


def _environment(document: Document) -> Document | None:
    """Return country and intensity; the format wants a country, so a value of one's own has no place in it."""
    carbon = document["carbon"]
    if carbon is None or carbon["iso3"] is None:
        return None
    return {"country": carbon["name"], "powerSourceCarbonIntensity": carbon["g_per_kwh"]["value"]}


def _quality(document: Document) -> str | None:
    item = document["energy"]["total"]["gross_j"]
    if item["low"] is None or item["high"] is None or not item["value"]:
        return None
    widest = max(item["high"] / item["value"] - 1, 1 - item["low"] / item["value"])
    return next((name for limit, name in _QUALITY if widest <= limit), None)


def _uuid(text: str) -> str:
    try:
        return str(uuid.UUID(text))
    except ValueError:
        return text


def _time(created: str) -> str:
    return datetime.fromisoformat(created).astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


def _without_gaps(value: Any) -> Any:  # noqa: ANN401 - a JSON document
    """Return the document without the fields that have no value."""
    if isinstance(value, dict):
        return {key: _without_gaps(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_without_gaps(item) for item in value]
    return value
