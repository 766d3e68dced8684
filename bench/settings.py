"""The product's settings; only the addresses are more: reference views stand beside the product's."""

from survey_site.settings import *  # noqa: F403

ROOT_URLCONF = "bench.urls"
