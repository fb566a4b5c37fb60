"""The one hook for translation: English in the code, other languages by gettext."""

import gettext

_translations = gettext.NullTranslations()


def use(translations: gettext.NullTranslations) -> None:
    """Translate from now on with `translations`; English until this is called."""
    global _translations  # noqa: PLW0603 - the one place where the language lives
    _translations = translations


def _(text: str) -> str:
    """Return `text` in the user's language."""
    return _translations.gettext(text)


translate = _
