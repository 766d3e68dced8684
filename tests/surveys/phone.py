"""A phone for tests: opens pages, posts forms as browsers do, and reads what comes back."""

from __future__ import annotations

import re
from html import unescape
from urllib.parse import urlencode

from django.test import Client
from django.utils import translation
from django.utils.translation import gettext

from surveys.models import Collector

FORM = "application/x-www-form-urlencoded"
TOPICS = (
    "moral_education", "fair_policy", "shared_resources", "school_conduct", "quality_oriented", "exam_reform",
    "teaching_quality", "workload", "overall",
)  # fmt: skip
SATISFIED = {"grade_band": "g1_3"} | dict.fromkeys(TOPICS, "satisfied")


class Phone(Client):
    """An exception on the server is raised here: a test that ends without one proves there was no 500."""

    def post(self, path: str, data: dict | None = None, **extra):
        return super().post(path, urlencode(data or {}, doseq=True), FORM, **extra)

    def answer(self, collector: Collector, answers: dict | None = None):
        """Opens the page and submits it; satisfied throughout if nothing else is said."""
        token = token_in(self.get(address(collector)))
        return self.post(address(collector), {"token": token} | (SATISFIED if answers is None else answers))


def address(collector: Collector) -> str:
    return f"/r/{collector.code}"


def in_chinese(words: str) -> str:
    with translation.override("zh-hans"):
        return gettext(words)


def text_of(response) -> str:
    return unescape(response.content.decode())


def token_in(response) -> str:
    return re.search(r'name="token" value="([^"]+)"', response.content.decode())[1]


def accused(response) -> list[str]:
    """The items that the summary at the top leads to."""
    return re.findall(r'<li><a href="#q-(\w+)">', response.content.decode())


def receipt_in(response) -> str:
    return re.search(r'<p class="code">([^<]+)</p>', response.content.decode())[1]
