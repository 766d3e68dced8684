"""The tables of the asking side: county and schools, questionnaires, waves, responses."""

from .county import County, Location, ResidentPopulation, School, Stage, Township
from .messages import MessageToSchool, SchoolMessage
from .plan import CollectorTarget, Draw, HardStop, PlannedTarget, PosterOpening, TargetPlan
from .questionnaire import QuestionnaireVersion
from .response import Batch, BatchKind, Response, Source, Tally, Void, WaveChain
from .roster import RosterImport, RosterUndo, RosterUpload
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
    "AccessCode", "Batch", "BatchKind", "Channel", "Channels", "Collector", "CollectorTarget", "County",
    "DesignKind", "Draw", "HardStop", "Location", "MessageToSchool", "PlannedTarget", "PosterOpening",
    "PrintJob", "QuestionnaireVersion", "ResidentPopulation", "Response", "RosterImport", "RosterUndo",
    "RosterUpload", "School", "SchoolMessage", "SlipBatch", "SlipStep", "Source", "Stage", "Tally",
    "TargetPlan", "Township", "Void", "Wave", "WaveAudience", "WaveChain", "WaveEvent", "WaveState",
]  # fmt: skip
