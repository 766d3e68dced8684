"""One question as a template shows it, in one language, for one respondent."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PresentedOption:
    code: str
    text: str
    id: str
    checked: bool
    exclusive: bool


@dataclass(frozen=True, slots=True)
class PresentedItem:
    """All that the template of a question type needs, with what was entered and what was wrong with it."""

    name: str
    type: str
    template: str
    number: str
    text: str
    help: str
    required: bool
    conditional: (
        bool  # whether it counts depends on earlier answers; a page without JavaScript shows it to all
    )
    stratum: bool
    options: tuple[PresentedOption, ...]
    value: str
    problem: str
    problem_key: str
    unit: str
    inputmode: str
    max_length: int
    max_choices: int

    @property
    def id(self) -> str:
        """Where a link such as "question 4 is not answered" leads."""
        return f"q-{self.name}"

    @property
    def help_id(self) -> str:
        return f"q-{self.name}-help"

    @property
    def problem_id(self) -> str:
        return f"q-{self.name}-problem"

    @property
    def described_by(self) -> str:
        """The ids for aria-describedby: those of help and problem that are shown."""
        shown = [(self.help, self.help_id), (self.problem, self.problem_id)]
        return " ".join(place for text, place in shown if text)
