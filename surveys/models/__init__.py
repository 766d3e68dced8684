"""The tables of the asking side: county and schools, questionnaires, waves, responses."""

from .county import County, Location, ResidentPopulation, School, Stage, Township
from .questionnaire import QuestionnaireVersion
from .response import Batch, BatchKind, Response, Source, Tally, Void, WaveChain
from .roster import RosterImport, RosterUpload
from .slips import PrintJob, SlipBatch, SlipStep
from .wave import (
    AccessCode,
    Channel,
    Channels,
    Collector,
    DesignKind,
    Wave,
    WaveAudience,
    WaveEvent,
    WaveState,
)

__all__ = [
    "AccessCode", "Batch", "BatchKind", "Channel", "Channels", "Collector", "County", "DesignKind",
    "Location", "PrintJob", "QuestionnaireVersion", "ResidentPopulation", "Response", "RosterImport",
    "RosterUpload", "School", "SlipBatch", "SlipStep", "Source", "Stage", "Tally", "Township", "Void",
    "Wave", "WaveAudience", "WaveChain", "WaveEvent", "WaveState",
]  # fmt: skip
