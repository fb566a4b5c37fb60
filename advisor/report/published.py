"""Published AI Energy Score figures of the models a report shows; never compared with figures made here."""

from collections.abc import Iterable

from advisor.evidence import Quantity
from advisor.recommend.published import MACHINE, TEXT_GENERATION_SIZES, PublishedEnergy, of_model
from advisor.report.language import _
from advisor.report.model import Published


def published_for(models: Iterable[str]) -> tuple[Published, ...]:
    """Return the published figures of the named models, in the order of `models`, each model once.

    Args:
        models: catalog ids, `owner/name`.
    """
    return tuple(_published(item) for model in dict.fromkeys(models) for item in of_model(model))


def _published(item: PublishedEnergy) -> Published:
    task = item.task.replace("-", " ").capitalize()
    if item.reasoning:
        task = _("{task}, reasoning {level}").format(task=task, level=item.reasoning)
    if item.task == "text-generation":
        task = f"{task} ({TEXT_GENERATION_SIZES})"
    basis = _("GPU energy on one {machine}, published by AI Energy Score; other hardware, not comparable")
    return Published(
        model=item.model,
        task=task,
        energy=Quantity(value=item.gpu_energy_wh, unit="Wh", evidence="assumed", basis=basis.format(machine=MACHINE)),
        test_date=item.test_date or _("no date"),
        source=item.source,
    )
