"""A hub is searched, listed and sized over real HTTP; its refusals become sentences."""

import contextlib
import hashlib
import json
import re
import subprocess
import sys
import threading
import tracemalloc

import pytest
from huggingface_hub import close_session, constants
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from advisor.catalog.hub import listing, search, sizing
from advisor.catalog.hub.client import Hub, planned_host
from advisor.errors import AdvisorError
from tests import fakes_hub, header_files
from tests.fakes_hub import Claimed, FakeModel

TENSORS = {"model.embed_tokens.weight": ("BF16", (64, 8)), "model.norm.weight": ("F32", (8,))}
CONFIG = json.dumps({"model_type": "llama", "vocab_size": 64, "hidden_size": 8}).encode()


def whole(tensors):
    return header_files.safetensors_bytes(*header_files.safetensors_header(tensors))


def claimed(tensors):
    entries, size = header_files.safetensors_header(tensors)
    head = header_files.safetensors_bytes(entries)
    return Claimed(head, len(head) + size)


@pytest.fixture
def hub(monkeypatch, tmp_path):
    models = {
        "ours/small": FakeModel(
            {"config.json": CONFIG, "model.safetensors": whole(TENSORS), "tokenizer.json": b"{}", "run.py": b"boom()"},
            downloads=50, parameters={"BF16": 512, "F32": 8},
        ),
        "ours/large-classifier": FakeModel(
            {"config.json": CONFIG}, task="text-classification", licence="mit", downloads=90,
            parameters={"F32": 10**9},
        ),
        "ours/unknown-size": FakeModel({"config.json": CONFIG}, downloads=70),
        "ours/gated": FakeModel({"config.json": CONFIG, "model.safetensors": whole(TENSORS)}, gated="manual"),
        "ours/private": FakeModel({"config.json": CONFIG, "model.safetensors": whole(TENSORS)}, private=True),
        "ours/small-ONNX": FakeModel({"onnx/model.onnx": b"x"}, tags=("onnx", "base_model:quantized:ours/small")),
    }  # fmt: skip
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "token"))
    for name in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HF_OIDC_RESOURCE", "HF_HUB_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    with fakes_hub.FakeHub(models) as fake:
        monkeypatch.setenv("HF_ENDPOINT", fake.address)
        yield fake
        close_session()


def refusal(call, *args, **options):
    with pytest.raises(AdvisorError) as caught:
        call(*args, **options)
    return caught.value


def test_search_lists_what_matches_the_most_downloaded_first(hub):
    found = search.search("ours", limit=2)
    assert [model.id for model in found.models] == ["ours/large-classifier", "ours/unknown-size"]
    assert found.host == hub.host
    assert found.models[0].weight_bytes == 4 * 10**9
    assert (found.models[0].licence, found.models[0].task, found.models[0].num_downloads) == (
        "mit", "text-classification", 90,
    )  # fmt: skip


def test_words_that_would_move_the_cursor_are_not_taken_over(hub):
    hub.models["ours/\x1b[2J"] = FakeModel({}, downloads=1000)
    hub.models["ours/odd"] = FakeModel({}, library="a\x1b[2J", licence="b\x1b[2J")
    found = search.search("ours").models
    odd = next(model for model in found if model.id == "ours/odd")
    assert (odd.library, odd.licence) == (None, None)
    assert all(model.id.isprintable() for model in found)


def test_search_asks_for_task_and_licence(hub):
    assert [m.id for m in search.search("ours", task="text-classification").models] == ["ours/large-classifier"]
    assert [m.id for m in search.search("ours", licence="MIT").models] == ["ours/large-classifier"]
    assert search.search("ours", task="text-classification", licence="apache-2.0").models == ()


def test_a_largest_size_leaves_out_what_is_larger_or_unknown(hub):
    found = search.search("ours", max_bytes=512 * 2 + 8 * 4)
    assert [model.id for model in found.models] == ["ours/small"]
    assert search.search("ours", max_bytes=512 * 2 + 8 * 4 - 1).models == ()
    assert {m.id for m in search.search("ours", max_bytes=4 * 10**9).models} == {"ours/small", "ours/large-classifier"}
    assert [seen.query["num_parameters"] for seen in hub.seen] == [["max:1B"], ["max:1B"], ["max:8B"]]


def test_ready_made_onnx_is_found_by_the_model_it_was_made_of(hub):
    assert search.prebuilt("ours/small") == ("ours/small-ONNX",)
    assert search.prebuilt("ours/large-classifier") == ()


def test_files_are_pinned_to_the_commit_with_sizes_and_hashes(hub):
    model = hub.models["ours/small"]
    model.revisions["v1.0"] = model.commit
    repo = listing.files("ours/small", "v1.0")
    assert (repo.commit, repo.revision, repo.licence) == (model.commit, "v1.0", "apache-2.0")
    files = {file.name: file for file in repo.files}
    weights = model.files["model.safetensors"]
    assert files["model.safetensors"].sha256 == hashlib.sha256(weights).hexdigest()
    assert files["model.safetensors"].size_bytes == len(weights)
    assert files["config.json"].blob_id == model.blob_id("config.json")
    assert files["config.json"].sha256 is None


def test_a_model_is_sized_without_its_weights(hub):
    large = {f"model.layers.{i}.mlp.up_proj.weight": ("BF16", (4096, 4096)) for i in range(4)}
    hub.models["ours/wide"] = FakeModel({"config.json": CONFIG, "model.safetensors": claimed(large)})
    sized = sizing.size("ours/wide")
    assert sized.checkpoint.weight_bytes() == 4 * 4096 * 4096 * 2
    assert sized.checkpoint.name == "ours/wide"
    assert sized.transferred_bytes < 200_000
    assert sized.num_requests == 3  # listing, config.json, header
    assert {seen.range for seen in hub.bodies("model.safetensors")} == {"bytes=0-65535"}


def test_a_header_longer_than_one_part_is_read_whole(hub):
    many = {f"model.layers.{i}.some_rather_long_name_of_a_tensor.weight": ("F16", (4, 4)) for i in range(2000)}
    hub.models["ours/many"] = FakeModel({"config.json": CONFIG, "model.safetensors": claimed(many)})
    assert len(sizing.size("ours/many").checkpoint.tensors()) == 2000


def test_a_sharded_70b_checkpoint_costs_a_few_mebibytes(hub):
    layers, shards = 80, 30
    tensors = {}
    for i in range(layers):
        for part, shape in (
            ("self_attn.q_proj", (8192, 8192)), ("self_attn.k_proj", (1024, 8192)), ("self_attn.v_proj", (1024, 8192)),
            ("self_attn.o_proj", (8192, 8192)), ("mlp.gate_proj", (28672, 8192)), ("mlp.up_proj", (28672, 8192)),
            ("mlp.down_proj", (8192, 28672)), ("input_layernorm", (8192,)), ("post_attention_layernorm", (8192,)),
        ):  # fmt: skip
            tensors[f"model.layers.{i}.{part}.weight"] = ("BF16", shape)
    tensors |= {"model.embed_tokens.weight": ("BF16", (128256, 8192)), "lm_head.weight": ("BF16", (128256, 8192)),
                "model.norm.weight": ("BF16", (8192,))}  # fmt: skip
    names, files, where = list(tensors), {"config.json": CONFIG}, {}
    for shard in range(shards):
        name = f"model-{shard + 1:05d}-of-{shards:05d}.safetensors"
        mine = {key: tensors[key] for key in names[shard::shards]}
        files[name] = claimed(mine)
        where |= dict.fromkeys(mine, name)
    files["model.safetensors.index.json"] = json.dumps({"weight_map": where}).encode()
    hub.models["ours/llama-70b"] = FakeModel(files)
    tracemalloc.start()
    sized = sizing.size("ours/llama-70b")
    peak_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak_bytes < 50 * 2**20
    assert sized.checkpoint.num_elements() == 70_553_706_496  # Llama 3.1 70B
    assert sized.checkpoint.weight_bytes() == 2 * 70_553_706_496
    assert sized.transferred_bytes < 4 * 2**20


def test_one_of_several_gguf_files_is_sized_by_its_name(hub, tmp_path):
    for name, dtype in (("m-Q8_0.gguf", "Q8_0"), ("m-F16.gguf", "F16")):
        header_files.write_gguf(
            tmp_path / name, {"general.architecture": "llama"}, {"blk.0.ffn_up.weight": (dtype, (32, 64))}
        )
    hub.models["ours/gguf"] = FakeModel({path.name: path for path in tmp_path.glob("*.gguf")})
    assert refusal(sizing.size, "ours/gguf").code == "weights-ambiguous"
    assert sizing.size("ours/gguf", file="m-Q8_0.gguf").checkpoint.weight_bytes() == 32 * 64 // 32 * 34
    assert refusal(sizing.size, "ours/gguf", file="m-Q2_K.gguf").code == "model-file-missing"


def test_pickled_weights_only_are_refused(hub):
    hub.models["ours/pickled"] = FakeModel({"config.json": CONFIG, "pytorch_model.bin": b"\x80\x04"})
    assert refusal(sizing.size, "ours/pickled").code == "pickled-weights"


def test_a_model_that_brings_code_is_sized_and_refused(hub):
    config = json.dumps({"model_type": "ours", "auto_map": {"AutoModel": "run.Model"}}).encode()
    hub.models["ours/code"] = FakeModel({"config.json": config, "model.safetensors": whole(TENSORS)})
    sized = sizing.size("ours/code")
    assert [item.code for item in sized.checkpoint.refusals] == ["remote-code"]
    assert hub.bodies("run.py") == []


def test_the_token_goes_to_the_hub_and_not_to_its_store(hub, monkeypatch):
    hub.tokens["hf_good"] = {"ours/gated", "ours/private"}
    monkeypatch.setenv("HF_TOKEN", "hf_good")
    assert sizing.size("ours/private").checkpoint.num_elements() == 520
    assert {seen.token for seen in hub.asked("hub")} == {"hf_good"}
    assert [seen.token for seen in hub.asked("store")] == [None]


def test_the_token_is_not_sent_where_others_can_read_it(monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "hf_good")
    assert Hub("http://hub.example").token() is None
    assert Hub("https://hub.example").token() == "hf_good"
    assert Hub("http://127.0.0.1:1").token() == "hf_good"


def test_a_gated_model_says_where_to_accept_its_terms(hub, monkeypatch):
    error = refusal(sizing.size, "ours/gated")
    assert error.code == "hub-gated"
    assert "no token was sent" in error.message
    assert f"{hub.host}/ours/gated" in error.remedy
    hub.tokens["hf_other"] = set()
    monkeypatch.setenv("HF_TOKEN", "hf_other")
    assert "has not accepted" in refusal(sizing.size, "ours/gated").message


@pytest.mark.parametrize(
    ("model_id", "revision", "token", "code", "words"),
    [
        ("ours/nothing", None, None, "hub-model-unknown", "no token was sent"),
        ("ours/private", None, None, "hub-model-unknown", "no token was sent"),
        ("ours/private", None, "hf_other", "hub-model-unknown", "may not see it"),
        ("ours/small", "v9", None, "hub-revision-unknown", "'v9'"),
        ("ours/small", None, "hf_old", "hub-token-refused", "has expired"),
        ("ours/small", None, "hf_wrong", "hub-token-refused", "it is wrong"),
        ("../etc", None, None, "hub-id-invalid", "no model id"),
        ("ours/small", "../x", None, "hub-revision-invalid", "no revision"),
    ],
)  # fmt: skip
def test_what_cannot_be_had_says_why(hub, monkeypatch, model_id, revision, token, code, words):
    hub.expired.add("hf_old")
    hub.tokens["hf_other"] = set()
    if token:
        monkeypatch.setenv("HF_TOKEN", token)
    error = refusal(listing.files, model_id, revision)
    assert error.code == code
    assert words in error.sentence()
    assert error.remedy
    assert token is None or token not in error.sentence()


def test_a_hub_that_is_not_there(hub):
    error = refusal(search.search, "x", hub=Hub("http://127.0.0.1:9"))
    assert (error.code, "127.0.0.1:9" in error.message) == ("hub-unreachable", True)
    hub.down = True
    assert refusal(search.search, "x").code == "hub-fault"


def test_an_answer_that_breaks_off(hub):
    many = {f"model.layers.{i}.some_rather_long_name_of_a_tensor.weight": ("F16", (4, 4)) for i in range(2000)}
    hub.models["ours/many"] = FakeModel({"config.json": CONFIG, "model.safetensors": claimed(many)})
    hub.cut["model.safetensors"] = 20_000
    assert refusal(sizing.size, "ours/many").code == "hub-unreachable"


def test_offline_nothing_is_asked(hub):
    assert refusal(search.search, "x", hub=Hub(offline=True)).code == "hub-offline"
    assert hub.seen == []


def test_a_server_that_sends_whole_files_only_is_not_read_to_the_end(hub):
    many = {f"model.layers.{i}.some_rather_long_name_of_a_tensor.weight": ("F16", (4, 4)) for i in range(2000)}
    hub.models["ours/many"] = FakeModel({"config.json": CONFIG, "model.safetensors": claimed(many)})
    hub.ignores_ranges = True
    assert refusal(sizing.size, "ours/many").code == "hub-no-ranges"


@pytest.mark.parametrize("body", [b"<html>", b"{}", b'{"id": "x", "sha": "main"}', b"[" * 5000])
def test_an_answer_that_is_none(hub, body):
    hub.body = body
    assert refusal(listing.files, "ours/small").code == "hub-answer-odd"


def _mutated(value, place, other):
    """A JSON value with one of its parts replaced."""
    parts = []

    def walk(item, path):
        parts.append(path)
        for key in item if isinstance(item, dict) else range(len(item)) if isinstance(item, list) else ():
            walk(item[key], (*path, key))

    walk(value, ())
    path = parts[place % len(parts)]
    if not path:
        return other
    copy = json.loads(json.dumps(value))
    inside = copy
    for key in path[:-1]:
        inside = inside[key]
    inside[path[-1]] = other
    return copy


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    place=st.integers(0, 50),
    other=st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
    | st.lists(st.text(), max_size=2) | st.dictionaries(st.text(), st.integers(), max_size=2),
)  # fmt: skip
def test_answers_with_a_wrong_part_are_refused_or_understood(hub, place, other):
    listed = {
        "id": "ours/small", "sha": "a" * 40, "tags": ["license:mit"], "gated": False, "private": False,
        "siblings": [
            {"rfilename": "config.json", "size": 2, "blobId": "b" * 40},
            {"rfilename": "m.safetensors", "size": 9, "lfs": {"sha256": "c" * 64, "size": 9}},
        ],
    }  # fmt: skip
    item = {"id": "ours/small", "pipeline_tag": "x", "tags": ["license:mit"], "downloads": 1, "likes": 1,
            "safetensors": {"parameters": {"BF16": 5}, "total": 5}}  # fmt: skip
    with contextlib.suppress(AdvisorError):
        hub.body = json.dumps(_mutated(listed, place, other)).encode()
        repo = listing.files("ours/small")
        assert re.fullmatch("[0-9a-f]{40}", repo.commit)
        assert all(file.size_bytes >= 0 and file.name.isprintable() for file in repo.files)
    with contextlib.suppress(AdvisorError):
        hub.body = json.dumps([_mutated(item, place, other)]).encode()
        for model in search.search("x").models:
            assert model.id.isprintable()
            assert model.weight_bytes is None or model.weight_bytes >= 0


@pytest.mark.parametrize("name", ["../../.bashrc", "/etc/passwd", "C:\\x", "a\x1b[2J.json"])
def test_a_listing_that_leads_out_is_refused(hub, name):
    hub.models["ours/evil"] = FakeModel({name: b"x"})
    assert refusal(listing.files, "ours/evil").code == "path-refused"


@pytest.mark.parametrize("address", ["hub.example", "file:///etc", "https://user:secret@hub.example", "http://[", ""])
def test_an_endpoint_that_is_no_address(monkeypatch, address):
    monkeypatch.setenv("HF_ENDPOINT", address or "ftp://x")
    error = refusal(Hub)
    assert error.code == "hub-endpoint-invalid"


def test_the_library_is_whole_before_anything_was_asked_of_it():
    words = "from advisor.catalog.hub.client import library; l = library(); print(l.utils.get_session, l.constants)"
    done = subprocess.run([sys.executable, "-c", words], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


def test_little_is_told_of_this_computer(hub):
    Hub().get_json("models", {}, list)
    assert constants.HF_HUB_DISABLE_TELEMETRY is True
    assert not re.search("agent/|torch/", hub.user_agents[-1])
    assert "model-fit-advisor/" in hub.user_agents[-1]


def test_what_was_stopped_asks_nobody_and_reads_no_further(hub):
    stopped = threading.Event()
    asked = Hub(stopped=stopped)
    listing.files("ours/small", hub=asked)
    stopped.set()
    before = len(hub.seen)
    with pytest.raises(AdvisorError, match="It was stopped"):
        listing.files("ours/small", hub=asked)
    assert len(hub.seen) == before


@pytest.mark.parametrize(
    ("address", "host"),
    [
        ("http://localhost:8080/", "localhost:8080"),
        ("https://hub.example", "hub.example"),
        ("http://[", ""),
        ("", "huggingface.co"),
    ],
)
def test_whom_a_hub_would_ask_is_known_without_loading_it(monkeypatch, address, host):
    monkeypatch.setenv("HF_ENDPOINT", address)
    assert planned_host() == host
    if host:
        assert Hub().host == host
