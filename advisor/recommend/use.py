"""One candidate in standard units, from its estimate or from what was measured of it."""

from advisor.energy import ranges, standard
from advisor.energy.standard import Conditions, StandardFigures
from advisor.estimate.model import Estimate, PowerModel
from advisor.evidence import Quantity
from advisor.task.model import Workload

NO_BOUNDARY = "what the figure of energy covers is not known"


def figures(
    energy_per_1000_queries: Quantity,
    estimate: Estimate,
    workload: Workload,
    power: PowerModel | None,
    chosen: Conditions,
) -> StandardFigures:
    """Return a candidate's energy in all standard units.

    Args:
        energy_per_1000_queries: [Wh] measured where it was, else estimated.
        estimate: of the same candidate, for its times.
        workload: the sizes of one query.
        power: of the device while it works; null leaves energies of single tokens out.
        chosen: what the user chose: electricity, price, volume.
    """
    writes = workload.num_output_tokens if estimate.time_per_token.value is not None else 0
    subject = standard.of_estimate(
        energy_per_1000_queries,
        query_time=estimate.time_per_query,
        boundary=power.boundary if power is not None else NO_BOUNDARY,
        num_output_tokens=writes,
        active_power=None if power is None else power.active_power_w,
        time_per_token=estimate.time_per_token,
        time_per_input_token=_per_input_token(estimate, workload),
    )
    return standard.figures(subject, chosen)


def _per_input_token(estimate: Estimate, workload: Workload) -> Quantity | None:
    """Return the time of one token read: the time to the first token over the tokens of one pass."""
    tokens = workload.num_input_tokens * workload.num_passes
    return ranges.scaled(estimate.time_to_first_token, 1 / tokens, "s") if tokens and not workload.num_images else None
