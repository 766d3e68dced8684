"""Background work: one Celery app for every room's `tasks.py`.

Start a worker with `celery -A survey_site worker`, and exactly one with `-B` for the nightly checks;
`make run` does both in one process.
"""

from __future__ import annotations

import os

from celery import Celery
from celery.schedules import crontab
from kombu import Connection

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "survey_site.settings")

app = Celery("renke")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf.update(
    # What a task makes and how far it has come is written to the database by the task; nothing is kept twice.
    task_ignore_result=True,
    # A task is taken from the queue when it is done, so one that was interrupted is done again.
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    worker_prefetch_multiplier=1,
    # Somebody else's worker that was killed: its task comes back after this long. Longer than any task takes.
    broker_transport_options={"visibility_timeout": 3600},
    beat_schedule={
        "nightly-check": {"task": "surveys.tasks.check_recent_waves", "schedule": crontab(hour=3, minute=20)},
        "tidy-prints": {"task": "surveys.tasks.tidy_prints", "schedule": crontab(minute="*/5")},
    },
)
app.autodiscover_tasks()


def give_back_unfinished(broker_url: str) -> None:
    """Queues again, at once, what a killed worker had taken. Only for a broker that nobody else uses."""
    with Connection(broker_url, transport_options={"visibility_timeout": 0}) as connection:
        connection.default_channel.qos.restore_visible(num=1_000, interval=1)
