"""Children that misbehave, each a small program of its own: no part of the app is imported by them."""

import sys
import textwrap

_START = """
import json, os, signal, sys, time
def say(**fields):
    sys.stdout.write(json.dumps(fields) + "\\n"); sys.stdout.flush()
def hello(protocol=1):
    say(type="hello", protocol=protocol, pid=os.getpid(), versions={})
def progress():
    say(type="progress", stage="load", done_share=0.5, elapsed_s=1.0)
def finish():
    say(type="finished", result={"ok": True})
request = sys.stdin.readline()
"""
_BODIES = {
    "good": "hello(); progress(); say(type='finished', result={'request': json.loads(request)})",
    "noise": "hello(); print('Loading weights, 100%'); finish()",
    "split": """
        text = json.dumps({"type": "hello", "protocol": 1, "pid": 1, "versions": {}}) + "\\n"
        text += json.dumps({"type": "finished", "result": {"text": "größer"}}, ensure_ascii=False) + "\\n"
        for byte in text.encode():
            os.write(1, bytes([byte]))
        """,
    "crash": """
        hello(); progress()
        sys.stderr.write("double free\\n"); sys.stderr.flush()
        os.kill(os.getpid(), signal.SIGSEGV)
        """,
    "abort-in-line": "hello(); os.write(1, b'{\"type\":'); os.abort()",
    "silent": "os._exit(0)",
    "silent-after-hello": "hello(); os._exit(7)",
    "finished-then-error": "hello(); finish(); os._exit(4)",
    "hang": "hello(); progress(); signal.signal(signal.SIGTERM, signal.SIG_IGN)\nwhile True: time.sleep(60)",
    "hang-after-finish": "hello(); finish()\nwhile True: time.sleep(60)",
    "leaves-on-end-of-input": "hello(); progress(); sys.stdin.read(); os._exit(3)",
    "wrong-version": "hello(protocol=99); finish()",
    "no-hello": "finish()",
    "huge-line": """
        hello()
        try:
            while True: os.write(1, b"x" * 65536)
        except BrokenPipeError:
            pass
        """,
    "rubbish": "hello(); os.write(1, os.urandom(2000) + b'\\n'); time.sleep(60)",
    "too-much-memory": """
        hello()
        say(type="sample", t_s=0.1, kind="system", rss_bytes=2_000_000)
        while True: time.sleep(60)
        """,
    "talks-on-stderr": "hello(); sys.stderr.write('x' * 1_000_000); sys.stderr.flush(); finish()",
    "fails": "hello(); say(type='failed', code='invalid_model', message='No.', remedy='Yes.'); os._exit(1)",
}  # fmt: skip
EXPECTED = {
    "good": "finished",
    "noise": "protocol_error",
    "split": "finished",
    "crash": "crashed",
    "abort-in-line": "crashed",
    "silent": "crashed",
    "silent-after-hello": "crashed",
    "finished-then-error": "crashed",
    "wrong-version": "protocol_error",
    "no-hello": "protocol_error",
    "huge-line": "protocol_error",
    "rubbish": "protocol_error",
    "too-much-memory": "killed_for_memory",
    "talks-on-stderr": "finished",
    "fails": "invalid_model",
}
"""Kind of child -> outcome of a run that is left alone, with a limit of 1,000,000 bytes."""
MEMORY_LIMIT_BYTES = 1_000_000


def argv(kind):
    return [sys.executable, "-c", _START + textwrap.dedent(_BODIES[kind])]
