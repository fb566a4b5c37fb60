"""Turns the word after `--provider` into execution providers for a plan."""

import msgspec

from advisor.cli import inputs
from advisor.cli.output import Output
from advisor.hardware.model import HardwareProfile
from advisor.probe import footprint, providers
from advisor.probe.plan import ProbePlan
from advisor.probe.providers import Selection

AUTO = "auto"


def chosen(word: str, profile: HardwareProfile, *, storage_name: str | None = None, decoder: bool = False) -> Selection:
    """Return the providers for a word of the user's.

    Args:
        word: `cpu`, `auto`, or the provider to force.
        profile: this machine.
        storage_name: how the weights are stored; null: not known.
        decoder: whether the graph keeps a cache that attention appends to.

    Raises:
        InvalidInputError: the provider is not known or not available; the remedy names those that are.
    """
    if word.lower() == "cpu":
        return Selection(uses=(providers.processor(),))
    available = inputs.with_runtime(profile).runtime.providers.value or (providers.CPU,)
    if word.lower() == AUTO:
        return providers.select(available, profile, storage_name=storage_name, decoder=decoder)
    return providers.forced(word, available, profile)


def into_plan(plan: ProbePlan, word: str, profile: HardwareProfile, output: Output) -> ProbePlan:
    """Return the plan of a catalog model with the providers the user asked for.

    Args:
        plan: as the planner made it, for the processor.
        word: `cpu`, `auto`, or the provider to force.
        profile: this machine.
        output: told which providers are passed over.

    Raises:
        InvalidInputError: as `chosen`.
    """
    if word.lower() == "cpu":
        return plan
    recipe = footprint.recipe(plan.candidate, plan.workload)
    selection = chosen(word, profile, storage_name=recipe.storage_name, decoder=recipe.runner != "query")
    for sentence in selection.passed_over:
        output.note(sentence)
    return msgspec.structs.replace(plan, providers=selection.uses)
