"""One candidate: the same code as for a whole catalog, with a table of one."""

from advisor.catalog.model import Candidate
from advisor.estimate.model import Estimate, PowerModel, Roofs
from advisor.task.model import Workload


def estimate(candidate: Candidate, workload: Workload, roofs: Roofs, power: PowerModel | None) -> Estimate:
    """Estimate memory, time and energy of one candidate.

    Args:
        candidate: model and format.
        workload: sizes of one query.
        roofs: rates and free memory of the device.
        power: power while it works, or null: energy is then excluded.
    """
    from advisor.estimate import batch, table  # numpy is loaded when the first estimate is made, not at start

    return batch.estimate_batch(table.build((candidate,)), workload, roofs, power).at(0)
