"""Expected failures. Everything that is not an `AdvisorError` is a bug and goes to the crash hook."""


class AdvisorError(Exception):
    """A failure the user can understand and act upon.

    The sentence names what happened, the file and the field; the remedy says what to do. GUI, CLI and report show the
    same two sentences.
    """

    def __init__(self, code: str, message: str, *, remedy: str = "", **facts: object) -> None:
        """Keep the stable code, the sentence, the remedy and the facts behind them.

        Args:
            code: stable, kebab-case, for tests and machines.
            message: one or two plain sentences: what happened, in which file and field.
            remedy: what the user can do about it.
            facts: values the sentence was made from.
        """
        super().__init__(message)
        self.code = code
        self.message = message
        self.remedy = remedy
        self.facts = facts

    def sentence(self) -> str:
        """Return message and remedy as one text."""
        return f"{self.message} {self.remedy}".strip()


class InvalidInputError(AdvisorError):
    """A text, option or value that the user gave cannot be used."""


class InvalidFileError(AdvisorError):
    """A file cannot be read, is damaged, or comes from a newer version."""


class InvalidModelError(AdvisorError):
    """A model or graph description contradicts itself or what the runtime can run."""


class NotFoundError(AdvisorError):
    """Something named by the user does not exist here."""


class OutputError(AdvisorError):
    """A result cannot be written where the user wants it."""


class ChildError(AdvisorError):
    """A child process did not deliver."""


class StorageError(AdvisorError):
    """The history database cannot be used."""
