"""Sentences of core, durations and counts in the user's language."""

from __future__ import annotations

import os
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QLocale

from core.document.status import ImageStatus
from core.lens.views.table import Words
from core.sentences import MasklensError, Sentence, filled


def sentence_text(sentence: Sentence, within: Path | None = None) -> str:
    """A sentence of core in the user's language; paths `within` a folder are told from there."""
    text = filled(QCoreApplication.translate("sentences", sentence.text), sentence)
    return text if within is None else text.replace(f"{within}{os.sep}", "")


def text_of(words: Words) -> str:
    """Words of a view of the lens in the user's language."""
    if isinstance(words, str):
        return words
    return words.said(
        lambda each: QCoreApplication.translate("lens", each), count_text, number_text
    )


def error_text(error: Exception) -> str:
    """What went wrong, for a person; system errors speak for themselves."""
    if isinstance(error, MasklensError):
        return sentence_text(error.sentence)
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}: {error.filename}" if error.filename else error.strerror
    return str(error) or type(error).__name__


def status_text(status: ImageStatus) -> str:
    """The status of an image in one word."""
    return {
        ImageStatus.UNTOUCHED: QCoreApplication.translate("words", "untouched"),
        ImageStatus.SUGGESTED: QCoreApplication.translate("words", "suggested"),
        ImageStatus.IMPORTED: QCoreApplication.translate("words", "imported"),
        ImageStatus.CORRECTED: QCoreApplication.translate("words", "labelled"),
        ImageStatus.DONE: QCoreApplication.translate("words", "done"),
    }[status]


def duration_text(seconds: float) -> str:
    """A rough duration: seconds to one minute, minutes to one hour, then hours."""
    if seconds < 60:
        return QCoreApplication.translate("words", "{n} s").format(n=max(1, round(seconds)))
    if seconds < 3600:
        return QCoreApplication.translate("words", "{n} min").format(n=round(seconds / 60))
    hours = QLocale().toString(seconds / 3600, "f", 1)
    return QCoreApplication.translate("words", "{n} h").format(n=hours)


def count_text(number: int) -> str:
    """A count with the thousands marks of the user's language."""
    return QLocale().toString(number)


def number_text(value: float, digits: int = 2) -> str:
    """A number with that many decimals, as the user's language writes it."""
    return QLocale().toString(float(value), "f", digits)


def bytes_text(number: int) -> str:
    """A size of a file."""
    return QLocale().formattedDataSize(number, 1, QLocale.DataSizeFormat.DataSizeTraditionalFormat)


def setting_text(value: int | float | str) -> str:
    """A value of a setting, as the command line takes it."""
    return value if isinstance(value, str) else f"{value:g}"
