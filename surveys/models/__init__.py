"""The tables of the asking side: county and schools, questionnaires, waves, responses."""

from .county import County, Location, ResidentPopulation, School, Stage, Township
from .questionnaire import QuestionnaireVersion
from .response import Batch, BatchKind, Response, Source, Tally, Void, WaveChain
from .roster import RosterImport, RosterUpload
from .wave import AccessCode, Channel, Collector, DesignKind, Wave, WaveAudience, WaveEvent, WaveState

__all__ = [
    "AccessCode", "Batch", "BatchKind", "Channel", "Collector", "County", "DesignKind", "Location",
    "QuestionnaireVersion", "ResidentPopulation", "Response", "RosterImport", "RosterUpload", "School",
    "Source", "Stage", "Tally", "Township", "Void", "Wave", "WaveAudience", "WaveChain", "WaveEvent",
    "WaveState",
]  # fmt: skip
