"""A questionnaire's frozen text."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from surveys.answers import AnswerTable, compile_questionnaire
from surveys.questionnaire import Questionnaire, read_questionnaire


class QuestionnaireVersion(models.Model):
    """What was asked, word for word. Made when a wave opens; its source never changes afterwards."""

    key = models.CharField(_("questionnaire"), max_length=60)
    number = models.PositiveIntegerField(_("version"))
    digest = models.CharField(max_length=64, unique=True)
    source = models.TextField()
    frozen_at = models.DateTimeField()

    class Meta:
        verbose_name = _("questionnaire version")
        verbose_name_plural = _("questionnaire versions")
        ordering = ["key", "number"]
        constraints = [
            models.UniqueConstraint(fields=["key", "number"], name="questionnaire_version_number_once")
        ]

    def __str__(self) -> str:
        return f"{self.key} v{self.number}"

    @property
    def questionnaire(self) -> Questionnaire:
        return self.table.questionnaire

    @property
    def table(self) -> AnswerTable:
        """The compiled form: read and checked once per process, whatever the number of answers."""
        if self.digest not in _tables:
            _tables[self.digest] = compile_questionnaire(read_questionnaire(self.source, name=str(self)))
        return _tables[self.digest]


# By digest of the text, so an entry can never be out of date; a county has a handful of versions.
_tables: dict[str, AnswerTable] = {}
