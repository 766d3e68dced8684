"""What is wrong with a file that is to be evaluated: one sentence in both languages, with its place."""

from __future__ import annotations

from typing import Any

from analysis.findings import ENGLISH, LANGUAGES, Sentence, Texts


class SpokenError(ValueError):
    """An error whose sentence stands in Chinese and English; as text it is English."""

    def __init__(self, zh: str, en: str, **values: Any) -> None:
        self.sentence = Sentence(zh, en, values)
        super().__init__(self.sentence.text(ENGLISH))

    @property
    def texts(self) -> Texts:
        return {language: self.sentence.text(language) for language in LANGUAGES}


class EvaluationFileError(SpokenError):
    """A file that cannot be evaluated; the sentence names file, place and what is allowed."""


def in_row(file: str, row: int, zh: str, en: str, **values: Any) -> EvaluationFileError:
    return EvaluationFileError(
        "{file}第{row}行：" + zh, "{file}, row {row}: " + en, file=file, row=row, **values
    )


def in_cell(file: str, row: int, cell: str | Texts, zh: str, en: str, **values: Any) -> EvaluationFileError:
    """`cell`: the column, or the item of a county's file."""
    return EvaluationFileError(
        "{file}第{row}行“{cell}”：" + zh,
        "{file}, row {row}, '{cell}': " + en,
        file=file,
        row=row,
        cell=cell,
        **values,
    )
