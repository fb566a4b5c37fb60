"""CodeCarbon's emissions.csv: rows of it from our measurements. A cell that nothing measured is empty, never 0.

Source: columns and units of CodeCarbon 3.3 (mlco2/codecarbon, MIT): s, kg, kg/s, W, kWh.
"""

import csv
import io
from datetime import UTC, datetime
from pathlib import Path

from advisor import paths
from advisor.errors import InvalidFileError
from advisor.report.interchange import canonical
from advisor.report.public_parts import Document
from advisor.report.table_csv import safe_cell
from advisor.units import J_PER_WH

COLUMNS = (
    "timestamp", "project_name", "run_id", "experiment_id", "duration", "emissions", "emissions_rate", "cpu_power",
    "gpu_power", "ram_power", "cpu_energy", "gpu_energy", "ram_energy", "energy_consumed", "water_consumed",
    "country_name", "country_iso_code", "region", "cloud_provider", "cloud_region", "os", "python_version",
    "codecarbon_version", "cpu_count", "cpu_model", "gpu_count", "gpu_model", "longitude", "latitude",
    "ram_total_size", "tracking_mode", "cpu_utilization_percent", "gpu_utilization_percent", "ram_utilization_percent",
    "ram_used_gb", "on_cloud", "pue", "wue",
)  # fmt: skip
"""Of version 3.3, in its order."""
J_PER_KWH = 1000 * J_PER_WH
PUE = 1.0
"""[1] A personal computer has no cooling plant of its own."""
TRACKING_MODE = "machine"
"""The meters count all programs of the computer."""
_BYTES_PER_GB = 1024**3
"""CodeCarbon's GB of memory."""
_G_PER_KG = 1000.0
_REMEDY = "Choose another file, or move this one away and a new one is begun. Nothing was changed."
Cell = str | float | None


def cells(document: Document) -> dict[str, Cell]:
    """Return one row by column; what is not known, or not measured, is null: all energies where no meter was read.

    Args:
        document: `fit-energy/1`.

    Raises:
        InvalidInputError: `energy-has-no-value`.
    """
    canonical.known_total_j(document)
    host, carbon = document["host"], document["carbon"] or {}
    seconds = document["energy"]["duration_s"]["value"]
    known: dict[str, Cell] = {
        "timestamp": datetime.fromisoformat(document["created"]).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S"),
        "project_name": f"{canonical.maker()}: {document['model']['name']} ({document['model']['format']})",
        "run_id": document["id"],
        "duration": seconds,
        "country_name": carbon.get("name") if carbon.get("iso3") else None,
        "country_iso_code": carbon.get("iso3"),
        "os": host["os"],
        "python_version": document["tool"]["versions"].get("python"),
        "cpu_count": host["logical_cores"],
        "cpu_model": host["cpu"],
        "ram_total_size": None if host["ram_bytes"] is None else host["ram_bytes"] / _BYTES_PER_GB,
        "tracking_mode": TRACKING_MODE,
        "pue": PUE,
    }
    if host["gpu"]:
        known |= {"gpu_count": len(host["gpu"]), "gpu_model": " + ".join(gpu["name"] or "?" for gpu in host["gpu"])}
    if canonical.is_metered(document):
        known |= _energies(document)
    return {column: known.get(column) for column in COLUMNS}


def _energies(document: Document) -> dict[str, Cell]:
    """Return energy, power and emissions, as far as a meter stands behind them."""
    seconds, carbon = document["energy"]["duration_s"]["value"], document["carbon"]
    known: dict[str, Cell] = {"energy_consumed": canonical.known_total_j(document) / J_PER_KWH}
    for part in document["energy"]["total"]["parts"]:  # the whole machine has no column: only the sum holds it
        joules = document["energy"]["components"][part]["gross_j"]["value"]
        known |= {f"{part}_energy": joules / J_PER_KWH, f"{part}_power": joules / seconds if seconds else None}
    grams = None if carbon is None else carbon["operational_g"]["value"]
    if grams is not None:
        kilograms = grams / _G_PER_KG
        known |= {"emissions": kilograms, "emissions_rate": kilograms / seconds if seconds else None}
    return known


def render(document: Document, *, header: bool = True, line_end: str = "\r\n") -> str:
    """Return the row as CSV, with the line of column names or without."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator=line_end)
    if header:
        writer.writerow(COLUMNS)
    writer.writerow([safe_cell(cell) for cell in cells(document).values()])
    return buffer.getvalue()


def append(document: Document, path: Path) -> bool:
    """Write the row, behind those of an existing file whose columns are the same; whole or not at all.

    Returns:
        Whether the file was there before.

    Raises:
        InvalidInputError: `energy-has-no-value`.
        InvalidFileError: `codecarbon-header` or `codecarbon-not-text`; the file and the column are named.
        OutputError: as `paths.write_atomically`.
    """
    try:
        before = path.read_bytes() if path.is_file() else b""
    except OSError as error:
        raise InvalidFileError(
            "codecarbon-not-readable", f"{path} cannot be read: {error.strerror or error}.", remedy=_REMEDY
        ) from error
    if not before.strip():
        paths.write_atomically(path, render(document).encode("utf-8"))
        return bool(before)
    line_end = _same_columns(before, path)
    gap = b"" if before.endswith((b"\n", b"\r")) else line_end.encode("ascii")
    row = render(document, header=False, line_end=line_end).encode("utf-8")
    paths.write_atomically(path, before + gap + row)
    return True


def _same_columns(raw: bytes, path: Path) -> str:
    """Return the line end of a file with our columns."""
    first = raw.split(b"\n", 1)[0]
    try:
        names = next(csv.reader([first.decode("utf-8-sig")]), [])
    except (UnicodeDecodeError, csv.Error) as error:
        raise InvalidFileError(
            "codecarbon-not-text", f"{path} is not a CSV file in UTF-8.", remedy=_REMEDY, path=str(path)
        ) from error
    for number, (wanted, found) in enumerate(zip(COLUMNS, [*names, *[""] * len(COLUMNS)], strict=False), start=1):
        if wanted != found:
            raise _other_column(path, number, wanted, found)
    if len(names) > len(COLUMNS):
        raise _other_column(path, len(COLUMNS) + 1, "", names[len(COLUMNS)])
    return "\r\n" if first.endswith(b"\r") else "\n"


def _other_column(path: Path, number: int, wanted: str, found: str) -> InvalidFileError:
    is_there = f"is {found[:60]!r}" if found else "is missing"
    ours = f"CodeCarbon 3.3 has {wanted!r} there" if wanted else "CodeCarbon 3.3 has no more"
    return InvalidFileError(
        "codecarbon-header",
        f"No row can be added to {path}: its column {number} {is_there}, {ours}.",
        remedy=_REMEDY,
        path=str(path),
        column=wanted or found,
    )
