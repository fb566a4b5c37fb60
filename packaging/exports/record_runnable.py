"""Write down what PyTorch and transformers answer, so that tests can hold `advisor/runnable` against it.

Run in an environment with the extra `export`:
    python packaging/exports/record_runnable.py SMOLLM2_GGUF MINILM_FOLDER

SMOLLM2_GGUF is SmolLM2-135M-Instruct.Q4_1.gguf, MINILM_FOLDER holds all-MiniLM-L6-v2 as published. The chat templates
and all texts were written for this file; they use what published templates use.
"""

import json
import sys
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch
from transformers import AutoModel, AutoModelForCausalLM, AutoTokenizer, WhisperFeatureExtractor
from transformers.utils.chat_template_utils import render_jinja_template

TARGET = Path(__file__).resolve().parents[2] / "tests" / "data" / "runnable"
TEXTS = (
    "The parcel arrived two days late, but nothing was broken.",
    "Das Paket kam zwei Tage zu spät, aber nichts war kaputt.",
    "La fattura di marzo è già stata pagata?",
    "荷物は二日遅れて届きましたが、何も壊れていませんでした。",
    "Yes.",
    "The committee met every second Tuesday to talk about the state of the old bridge. " * 30,
)
QUESTIONS = (
    "What is the capital of France?",
    "Name three colours of a rainbow.",
    "Schreibe einen kurzen Satz über den Regen.",
)
CONTINUATIONS = ("The capital of France is Paris.", "Paris", "The capital of Italy is Rome.")
NUM_NEW = 24
CONVERSATIONS = {
    "one question": [{"role": "user", "content": "Is it <b>late</b> & 'dark'?"}],
    "with rules": [
        {"role": "system", "content": "Answer in one word."},
        {"role": "user", "content": "What is ice made of?"},
        {"role": "assistant", "content": "  Water\n"},
        {"role": "user", "content": "And steam?\n\nThe same?"},
    ],
    "answered": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello, Zoë — how are you?"}],
}
SPECIAL = {"bos_token": "<s>", "eos_token": "</s>", "pad_token": "<pad>"}
TEMPLATES = {
    "turns in marks": (
        "{% for m in messages %}{{ '<|turn|>' + m['role'] + '\\n' + m['content'] + '<|done|>\\n' }}{% endfor %}"
        "{% if add_generation_prompt %}{{ '<|turn|>assistant\\n' }}{% endif %}"
    ),
    "rules joined to the first question": (
        "{{ bos_token }}\n"
        "{%- if messages[0]['role'] == 'system' %}\n"
        "    {%- set rules = messages[0]['content'] | trim %}\n"
        "    {%- set rest = messages[1:] %}\n"
        "{%- else %}\n"
        "    {%- set rules = '' %}\n"
        "    {%- set rest = messages %}\n"
        "{%- endif %}\n"
        "{%- for message in rest %}\n"
        "    {%- if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}\n"
        "        {{- raise_exception('Roles must take turns') }}\n"
        "    {%- endif %}\n"
        "    {%- if message['role'] == 'user' %}\n"
        "        {{- '[ASK] ' + (rules + '\\n\\n' if loop.first and rules else '')\n"
        "            + message['content'] | trim + ' [/ASK]' }}\n"
        "    {%- else %}\n"
        "        {{- ' ' + message['content'] | trim + eos_token }}\n"
        "    {%- endif %}\n"
        "{%- endfor %}\n"
    ),
    "lines and indents": (
        "{% for message in messages %}\n"
        "    {% if message.role == 'system' %}\n"
        "<rules>{{ message.content }}</rules>\n"
        "    {% elif message.role == 'user' %}\n"
        "<question number=\"{{ loop.index }}\">{{ message.content | trim | upper }}</question>\n"
        "    {% else %}\n"
        "{% generation %}<answer>{{ message.content }}</answer>{% endgeneration %}\n"
        "    {% endif %}\n"
        "{% endfor %}\n"
        "{% if add_generation_prompt %}\n"
        "<answer>\n"
        "{% endif %}\n"
    ),
    "as JSON, with what is missing": (
        "{%- macro shown(value, deep=false) -%}\n"
        "{{ value | tojson(indent=2) if deep else value | tojson }}\n"
        "{%- endmacro -%}\n"
        "{%- set state = namespace(count=0, last=none) -%}\n"
        "{%- for message in messages -%}\n"
        "{%- set state.count = state.count + 1 -%}\n"
        "{%- set state.last = message -%}\n"
        "{{ shown(message, loop.last) }}{{ ',' if not loop.last }}\n"
        "{%- endfor -%}\n"
        "{{ '\\n' ~ state.count ~ ' ' ~ state.last.role }}\n"
        "{%- if tools is defined and tools -%}tools{%- endif -%}\n"
        "{%- if documents is not defined or not documents %} no documents{% endif %}\n"
        "{%- if state.last.content is string and 'H' in state.last.content %} H{% endif %}\n"
        "{%- for _ in range(3) %}{% if loop.index == 3 %}{% break %}{% endif %}.{% endfor %}\n"
        "{{- messages | map(attribute='role') | join('/') }} {{ '%02d' | format(state.count) if false else '' }}\n"
        "{%- if not add_generation_prompt %} end{{ eos_token }}{% endif %}\n"
    ),
    "thoughts are cut": (
        "{{- bos_token -}}\n"
        "{%- for message in messages %}\n"
        "    {%- set text = message['content'] %}\n"
        "    {%- if '—' in text %}{% set text = text.split('—')[-1].lstrip() %}{% endif %}\n"
        "    {%- if message['role'] == 'assistant' %}{{ '<A>' ~ text.strip() ~ eos_token }}\n"
        "    {%- else %}{{ '<' ~ message['role'][0] | upper ~ '>' ~ text }}{% endif %}\n"
        "{%- endfor %}\n"
        "{%- if add_generation_prompt %}{{ '<A>' }}\n"
        "{%- if enable_thinking is defined and enable_thinking is false %}x{% endif %}"
        "{% endif %}"
    ),
}  # fmt: skip


def main(gguf, minilm):
    TARGET.mkdir(parents=True, exist_ok=True)
    tools = {name: version(name).partition("+")[0] for name in ("torch", "transformers", "tokenizers", "jinja2")}
    write("smollm2", {"tools": tools, **language_model(Path(gguf))})
    write("minilm", {"tools": tools, **embedder(Path(minilm))})
    write("chat", {"tools": tools, "special_tokens": SPECIAL, "cases": list(chats())})
    write("features", {"tools": tools, **features()})


def write(name, content):
    (TARGET / f"{name}.json").write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


@torch.no_grad()
def language_model(gguf):
    tokenizer = AutoTokenizer.from_pretrained(gguf.parent, gguf_file=gguf.name)
    model = AutoModelForCausalLM.from_pretrained(gguf.parent, gguf_file=gguf.name, dtype=torch.float32).eval()
    found = []
    for question in QUESTIONS:
        text = tokenizer.apply_chat_template(
            [{"role": "user", "content": question}], tokenize=False, add_generation_prompt=True
        )
        ids = tokenizer(text, add_special_tokens=False, return_tensors="pt").input_ids
        logits = model(ids).logits[0]
        answer = model.generate(ids, attention_mask=torch.ones_like(ids), max_new_tokens=NUM_NEW, do_sample=False)
        answer = answer[0, ids.shape[1] :].tolist()
        best = logits[-1].topk(5)
        found.append({
            "question": question, "text": text, "ids": ids[0].tolist(), "best_ids": best.indices.tolist(),
            "best_logits": rounded(best.values), "root_mean_square": float(logits.square().mean().sqrt()),
            "most_likely": logits.argmax(-1).tolist(), "answer_ids": answer,
            "answer": tokenizer.decode(answer, skip_special_tokens=True),
        })  # fmt: skip
    prefix = found[0]["ids"]
    scores = []
    for text in CONTINUATIONS:
        ids = tokenizer(text, add_special_tokens=False).input_ids
        rows = model(torch.tensor([prefix + ids])).logits[0, len(prefix) - 1 : -1].double().log_softmax(-1)
        scores.append({"text": text, "ids": ids, "log_probability": float(rows[range(len(ids)), ids].sum())})
    return {"cases": found, "scores": scores, "texts": [{"text": t, "ids": tokenizer(t).input_ids} for t in TEXTS[:5]]}


@torch.no_grad()
def embedder(folder):
    tokenizer, model = AutoTokenizer.from_pretrained(folder), AutoModel.from_pretrained(folder).eval()
    cases = []
    for text in TEXTS:
        batch = tokenizer(text, truncation=True, max_length=256, return_tensors="pt")
        vector = model(**batch).last_hidden_state[0].mean(0)
        vector = vector / vector.norm()
        ids = batch.input_ids[0].tolist()
        cases.append({"text": text, "num_tokens": len(ids), "ids": ids[:40], "vector": rounded(vector)})
    return {"cases": cases}


def chats():
    for template_name, template in TEMPLATES.items():
        for name, messages in CONVERSATIONS.items():
            for prompt in (True, False):
                case = {
                    "template_name": template_name, "template": template, "conversation": name, "messages": messages,
                    "add_generation_prompt": prompt,
                }  # fmt: skip
                try:
                    texts, _ = render_jinja_template(
                        conversations=[messages], chat_template=template, add_generation_prompt=prompt, **SPECIAL
                    )
                    yield {**case, "text": texts[0]}
                except Exception as error:  # noqa: BLE001 - what a template raises is recorded
                    yield {**case, "error": str(error)}


def sound():
    """1.5 s at 16 kHz: two tones that grow and fade, and a click."""
    t = np.arange(24_000) / 16_000
    wave = 0.4 * np.sin(2 * np.pi * 220 * t) * t / 1.5 + 0.2 * np.sin(2 * np.pi * 1_760 * t) * (1 - t / 1.5)
    wave[8_000:8_008] += 0.5
    return wave.astype(np.float32)


def features():
    mel = WhisperFeatureExtractor()(sound(), sampling_rate=16_000, return_tensors="np").input_features[0]
    return {
        "mel": {"shape": list(mel.shape), "first": rounded(mel[::8, :160:16]), "mean": float(mel.mean()),
                "silence": rounded(mel[::8, -1])},
    }  # fmt: skip


def rounded(values):
    return np.round(np.asarray(values, np.float64), 5).tolist()


if __name__ == "__main__":
    main(*sys.argv[1:])
