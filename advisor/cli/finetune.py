"""`finetune`: what adapters and full fine-tuning would take on this computer."""

from typing import Annotated

import typer

from advisor.cli import inputs
from advisor.cli.options import Facts, JsonFlag, MachineFile, Memory, ModelName
from advisor.cli.output import Output


def finetune(
    model: ModelName,
    examples: Annotated[int, typer.Option("--examples", metavar="N", help="Examples you would train on.")],
    tokens: Annotated[int, typer.Option("--tokens", metavar="N", help="Tokens of one, prompt and answer together.")],
    epochs: Annotated[int, typer.Option("--epochs", metavar="N", help="How often each is seen.")] = 3,
    batch: Annotated[int, typer.Option("--batch", metavar="N", help="Examples in memory at once.")] = 1,
    rank: Annotated[int, typer.Option("--rank", metavar="N", help="Rank of the adapters; 8 or 16 are usual.")] = 8,
    all_linear: Annotated[bool, typer.Option("--all-linear", help="Adapters on every matrix, as QLoRA does.")] = False,
    checkpointing: Annotated[
        bool, typer.Option("--checkpointing", help="Compute layers again: less memory, more time.")
    ] = False,
    machine: MachineFile = None,
    facts: Facts = None,
    memory: Memory = None,
    device: Annotated[str, typer.Option("--device", help="cpu, or gpu:0 where one was found.")] = "cpu",
    as_json: JsonFlag = False,
) -> None:
    """Predict memory, time and energy of training a model on your own examples: all weights, or adapters only."""
    from advisor.catalog import own_models
    from advisor.estimate import finetune as estimates
    from advisor.recommend import known_power
    from advisor.report import finetune as reports

    output = Output(as_json=as_json)
    card = own_models.catalog().by_id(model)
    plan = estimates.FinetunePlan(
        num_examples=examples,
        num_tokens=tokens,
        num_epochs=epochs,
        num_batch=batch,
        rank=rank,
        targets="all-linear" if all_linear else "query-value",
        checkpointing=checkpointing,
    )
    profile = inputs.machine(machine, facts, memory)
    power = known_power.power_model(profile, device, inputs.probes_of(profile))
    found = estimates.estimate(card, plan, inputs.roofs_of(profile, device), power)
    if as_json:
        output.document(reports.finetune_json(found))
        return
    output.heading(f"Fine-tuning {card.id}")
    output.table(reports.TITLES, reports.rows(found), right=frozenset({1, 2, 4, 5}))
    for line in reports.sentences(found):
        output.line(line)
