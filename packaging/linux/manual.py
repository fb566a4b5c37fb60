"""The man page, written from the command line's own help: what `--help` says, the page says."""

import re

from advisor import __version__, paths

FILES = (
    ("settings.toml", "~/.config/model-fit-advisor", "what is set in the window or by commands"),
    ("history.sqlite", "~/.local/share/model-fit-advisor", "what was measured on this computer"),
    ("models, conversion tools", "~/.local/share/model-fit-advisor", "what was converted or installed on your wish"),
    ("test models", "~/.cache/model-fit-advisor", "can be removed at any time"),
    ("advisor.log", "~/.local/state/model-fit-advisor/log", "what went wrong; nothing of it is sent"),
)
ENVIRONMENT = (
    (paths.HOME_VARIABLE, "One folder for settings, data, cache and log in place of the four below."),
    ("HF_ENDPOINT, HF_TOKEN, HF_HOME", "Address, token and cache of the hub, as the hub's own client reads them."),
    ("NO_COLOR", "No colours in the terminal."),
)
EXAMPLES = (
    ("Open the window.", "model-fit-advisor"),
    ("The smallest model that is enough for a task.",
     'model-fit-advisor recommend --task "sort 500 support emails a day into 6 topics, English"'),
    ("Measure one, without a download.",
     "model-fit-advisor probe sentence-transformers/all-MiniLM-L6-v2 --format onnx-int8-dynamic"),
    ("Open a result that somebody handed on, beside your own.", "model-fit-advisor theirs.mfa.json mine.mfa.json"),
    ("Write a report.", 'model-fit-advisor report --task "summarise German e-mails, 200 a day" -o report.pdf'),
)  # fmt: skip
VALUE_WORDS = {"str": "TEXT", "int": "NUMBER", "float": "NUMBER", "path": "FILE"}
EXIT = (
    ("0", "Done."), ("1", "A bug in the app."),
    ("2", "Input that cannot be used, output that cannot be written, or no display for the window."),
    ("3", "No candidate meets every need."), ("4", "The probe or calibration did not finish."),
    ("130", "Interrupted."),
)  # fmt: skip


def roff(text: str) -> str:
    """Return words as roff takes them: signs with a meaning of their own escaped, paragraphs kept."""
    text = (
        text.replace("\\", "\\e")
        .replace("-", "\\-")
        .replace("'", "\\(aq")
        .replace("`", "\\(ga")
        .replace("~", "\\(ti")
        .replace('"', "\\(dq")
    )
    paragraphs = [re.sub(r"\s+", " ", part).strip() for part in re.split(r"\n\s*\n", text)]
    return "\n.PP\n".join(re.sub(r"^\.", r"\\&.", part) for part in paragraphs if part)


def _parameter(parameter: object, context: object) -> list[str]:
    record = parameter.get_help_record(context)  # type: ignore[attr-defined]
    if record is None:  # hidden
        return []
    return [".TP", f".B {roff(_named(record[0]))}", roff(record[1]) or "\\&"]


def _named(words: str) -> str:
    """Return an option or argument with a word for its kind of value in place of the program's own."""
    name, _, kind = words.partition(" <")
    if not kind or not name.startswith("-"):
        return name
    return f"{name} {VALUE_WORDS.get(kind.removesuffix('>'), kind.removesuffix('>'))}"


def _command(command: object, words: str) -> list[str]:
    """Return a command's part of the page, those below it after it."""
    context = command.make_context(words, [], resilient_parsing=True)  # type: ignore[attr-defined]
    pieces = " ".join(command.collect_usage_pieces(context))  # type: ignore[attr-defined]
    pieces = re.sub(r"\{([^{}]*)\}", r"\1", pieces).replace("[[", "[").replace("]]", "]")
    lines = [f".SS {roff(words)}", f".B {roff(words)}", roff(pieces), ".PP", roff(command.help or "")]  # type: ignore[attr-defined]
    for parameter in command.get_params(context):  # type: ignore[attr-defined]
        if "--help" not in parameter.opts:
            lines += _parameter(parameter, context)
    for name, below in getattr(command, "commands", {}).items():
        lines += _command(below, f"{words} {name}")
    return lines


def page(*, date: str, homepage: str) -> str:
    """Return the page.

    Args:
        date: of the release, as YYYY-MM-DD.
        homepage: of the project.
    """
    import typer

    from advisor.cli import app

    root = typer.main.get_command(app.build())
    lines = [
        f'.TH MODEL\\-FIT\\-ADVISOR 1 "{date}" "Model Fit Advisor {__version__}" "User Commands"',
        ".SH NAME", "model\\-fit\\-advisor \\- find the smallest AI model that is enough for your task",
        ".SH SYNOPSIS", ".B model\\-fit\\-advisor", "[\\fIfile.mfa.json\\fR ...]", ".br",
        ".B model\\-fit\\-advisor", "\\fIcommand\\fR [\\fIoptions\\fR]",
        ".SH DESCRIPTION", roff(root.help or ""),
        ".PP", roff("Without arguments the window opens; a result file opens it with that result. Commands do the same "
                    "work in a terminal; most print JSON with --json."),
        ".SH COMMANDS",
    ]  # fmt: skip
    for name, command in root.commands.items():  # type: ignore[attr-defined]
        lines += _command(command, name)
    lines += [".SH EXIT STATUS"]
    for code, meaning in EXIT:
        lines += [".TP", f".B {code}", roff(meaning)]
    lines += [".SH ENVIRONMENT"]
    for name, meaning in ENVIRONMENT:
        lines += [".TP", f".B {roff(name)}", roff(meaning)]
    lines += [".SH FILES"]
    for name, folder, meaning in FILES:
        lines += [".TP", f".I {roff(folder)}", f"{roff(name)}: {roff(meaning)}"]
    lines += [".SH EXAMPLES"]
    for meaning, words in EXAMPLES:
        lines += [".TP", roff(meaning), f".B {roff(words)}"]
    guide = roff(f"{homepage}/blob/v{__version__}/docs/USER_GUIDE.md").replace("/", "/\\:")  # may break there
    lines += [".SH SEE ALSO", ".ad l", "The user guide:", ".br", guide]
    return "\n".join(lines) + "\n"
