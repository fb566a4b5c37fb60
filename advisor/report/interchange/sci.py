"""Software Carbon Intensity with all that the standard wants disclosed: E, I, M, R, boundary, method, score."""

from advisor.errors import InvalidInputError
from advisor.report.public_parts import Document

SCHEMA = "fit-energy-sci/1"
STANDARD = "SCI v1.1 (ISO/IEC 21031:2024)"


def build(document: Document) -> Document:
    """Return the score of a query, and of 1,000 tokens where some are written.

    Args:
        document: `fit-energy/1`.

    Raises:
        InvalidInputError: `sci-needs-intensity`.
    """
    carbon = document["carbon"]
    if carbon is None:
        raise InvalidInputError(
            "sci-needs-intensity",
            "Without a carbon intensity there is no SCI, and no country is assumed.",
            remedy="Name the country of the electricity, --region DE, or your own value, --grid-g-per-kwh 41.",
        )
    scores = [item for item in (carbon["sci"], carbon["sci_per_1000_tokens"]) if item is not None]
    return {
        "schema": SCHEMA,
        "standard": STANDARD,
        "id": document["id"],
        "created": document["created"],
        "tool": document["tool"],
        "software": document["model"]["name"],
        "scores": [
            {
                "score_g": item["value"], "E_kwh": item["e_kwh"], "I_g_per_kwh": item["i_g_per_kwh"],
                "M_g": item["m_g"], "R": item["r"], "boundary": item["boundary"], "method": item["method"],
            }
            for item in scores
        ],
        "intensity": {key: carbon[key] for key in ("name", "iso3", "year", "source")},
        "embodied_assumptions": carbon["embodied_assumptions"],
    }  # fmt: skip
