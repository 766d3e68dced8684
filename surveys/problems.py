"""What can be wrong with one answer, and the words the phone says it in.

The words stand here, beside the question types, and not in the site's translations: they are part of the
questionnaire's page, which is served in every language the questionnaire has.
"""

from __future__ import annotations

from dataclasses import dataclass

PROBLEM_TEXTS: dict[str, dict[str, str]] = {
    "unanswered": {
        "zh-hans": "这一题还没有回答。",
        "en": "This question has not been answered yet.",
    },
    "unknown_option": {
        "zh-hans": "没有收到有效的选项，请重新选择。",
        "en": "We could not recognise this choice. Please choose again.",
    },
    "too_many": {
        "zh-hans": "这一题只能有一个答案，请重新作答。",
        "en": "This question takes one answer only. Please answer again.",
    },
    "too_many_choices": {
        "zh-hans": "这一题最多选{maximum}项，请去掉多选的选项。",
        "en": "Please choose no more than {maximum}.",
    },
    "exclusive": {
        "zh-hans": "“{option}”不能与其他选项同时选择，请重新选择。",
        "en": "“{option}” cannot be combined with other choices. Please choose again.",
    },
    "not_a_number": {
        "zh-hans": "请只填写一个数字。",
        "en": "Please enter one number, in digits.",
    },
    "out_of_range": {
        "zh-hans": "请填写{minimum}到{maximum}之间的数字。",
        "en": "Please enter a number from {minimum} to {maximum}.",
    },
}


@dataclass(frozen=True, slots=True)
class Problem:
    """Why an answer could not be taken. `key` is stable; `details` fill the gaps of its words.

    A detail is a word that is the same in all languages, or (for an option's name) a text by language.
    """

    key: str
    details: tuple[tuple[str, str | tuple[tuple[str, str], ...]], ...] = ()

    def text(self, lang: str) -> str:
        """One sentence for the respondent; Chinese where the language has none."""
        texts = PROBLEM_TEXTS[self.key]
        return texts.get(lang, texts["zh-hans"]).format(
            **{gap: word if isinstance(word, str) else _word(dict(word), lang) for gap, word in self.details}
        )


def _word(texts: dict[str, str], lang: str) -> str:
    return texts.get(lang) or texts["zh-hans"]


UNANSWERED = Problem("unanswered")
UNKNOWN_OPTION = Problem("unknown_option")
TOO_MANY = Problem("too_many")
NOT_A_NUMBER = Problem("not_a_number")
