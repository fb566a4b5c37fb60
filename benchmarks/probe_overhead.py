"""What the probe's sampling costs: tokens a second with it over a bare ONNX Runtime loop on the same graph and session.

One child process, one session. Blocks of tokens are run in pairs, one inside the probe's own code with the sampling
thread reading and sending, one in a bare loop; who goes first alternates. Prints the median ratio; asserts nothing.

Run: python benchmarks/probe_overhead.py [number of pairs]
"""

import statistics
import sys
import tempfile
import time
from pathlib import Path

from advisor.catalog import formats, load
from advisor.child import command
from advisor.graphs import decoder, storage, traits
from advisor.graphs.text import DecoderRecipe

MODELS = ("HuggingFaceTB/SmolLM2-135M-Instruct", "Qwen/Qwen2.5-0.5B-Instruct")
FORMAT = "onnx-int4-b32"
NUM_PAIRS = 15
BLOCK_TOKENS = 24
PROMPT_TOKENS = 256
IDLE_S = 10.0
CAPACITY_TOKENS = 1024


def bare_block(engine, tokens):
    """Run tokens as the shortest program would: no note, no fresh ids, the same binding."""
    import numpy as np

    session, binding = engine._session, engine._binding
    ids = np.zeros((1, 1), np.int64)
    begin_s = time.perf_counter()
    for step in range(tokens):
        binding.bind_cpu_input("input_ids", ids)
        binding.bind_cpu_input("attention_mask", np.ones((1, PROMPT_TOKENS + step + 1), np.int64))
        session.run_with_iobinding(binding)
    return (time.perf_counter() - begin_s) / tokens


def probe_block(engine, sent):
    """Run the probe's own block with its thread reading ten times a second."""
    from advisor.probe.sampling import Sampler

    sampler = Sampler(sent.append, num_threads=engine._wanted.num_threads, started_s=time.perf_counter())
    engine._sampler = sampler
    sampler.start()
    begin_s = time.perf_counter()
    engine._tokens(0, BLOCK_TOKENS)
    block_s = (time.perf_counter() - begin_s) / BLOCK_TOKENS
    sampler.stop()
    return block_s


def compare(model, num_pairs):
    from advisor.probe.depth import DepthRequest
    from advisor.probe.engine.decoder import DecoderRunner
    from advisor.probe.sampling import Sampler

    shape = traits.decoder_shape(load.catalog().by_id(model))
    assert formats.by_id(FORMAT).probe == "synthetic"
    with tempfile.TemporaryDirectory() as folder:
        graph = Path(folder) / "graph.onnx"
        decoder.build(shape, storage.BY_FORMAT[FORMAT], graph, num_positions=CAPACITY_TOKENS)
        recipe = DecoderRecipe(
            shape=shape, storage=storage.BY_FORMAT[FORMAT], num_input_tokens=PROMPT_TOKENS,
            num_output_tokens=BLOCK_TOKENS, num_capacity_tokens=CAPACITY_TOKENS, num_batch=1, num_runs=1.0,
        )  # fmt: skip
        wanted = DepthRequest(
            runner="decoder", graph_files=(str(graph),), num_layers=shape.num_layers,
            bound=recipe.bound(shape.num_layers), vocab_size=shape.vocab_size, num_input_tokens=PROMPT_TOKENS,
            num_output_tokens=BLOCK_TOKENS, num_capacity_tokens=CAPACITY_TOKENS, num_threads=2, budget_s=60.0,
        )  # fmt: skip
        sent = []
        runner = DecoderRunner(wanted, Sampler(sent.append, num_threads=2, started_s=time.perf_counter()))
        bare_block(runner, BLOCK_TOKENS)
        ratios = []
        for pair in range(num_pairs):
            runs = [("bare", lambda: bare_block(runner, BLOCK_TOKENS)), ("probe", lambda: probe_block(runner, sent))]
            found = {name: run() for name, run in (runs if pair % 2 else reversed(runs))}
            ratios.append(found["bare"] / found["probe"])
    return ratios, found, len(sent)


def sampling_core_share():
    """Return what reading and sending the samples takes of one core, by processor time while nothing else runs."""
    from advisor.probe.sampling import Sampler

    sampler = Sampler([].append, num_threads=2, started_s=time.perf_counter())
    sampler.start()
    sampler.begin_measuring()
    time.sleep(1.0)
    begin_s, begin_cpu_s = time.perf_counter(), time.process_time()
    time.sleep(IDLE_S)
    share = (time.process_time() - begin_cpu_s) / (time.perf_counter() - begin_s)
    sampler.stop()
    return share


def main():
    num_pairs = int(sys.argv[1]) if len(sys.argv) > 1 else NUM_PAIRS
    if len(sys.argv) > 2:  # the child: one session a process
        ratios, last, num_sent = compare(sys.argv[2], num_pairs)
        quartiles = statistics.quantiles(ratios, n=4)
        print(
            f"| {sys.argv[2].split('/')[1]} | {statistics.median(ratios):.3f} "
            f"| {quartiles[0]:.3f} to {quartiles[2]:.3f} | {num_pairs} | {1 / last['probe']:.1f} "
            f"| {num_sent} |", flush=True,
        )  # fmt: skip
        return
    import subprocess

    print("| model | tokens/s in the probe over bare loop, median | quartiles | pairs | last tokens/s | samples sent |")
    print("|" + " --- |" * 6)
    for model in MODELS:
        argv = [sys.executable, __file__, str(num_pairs), model]
        subprocess.run(argv, check=True, env=command.environment())
    print(f"\nReading and sending samples takes {sampling_core_share():.2%} of one core.")


if __name__ == "__main__":
    main()
