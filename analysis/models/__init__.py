"""What the desk keeps of an evaluation: imported figures, evidence, standards and frozen verdicts."""

from .evaluations import Evaluation, EvaluationStage, ProvinceStandard
from .indicators import (
    EvidenceFile,
    HeadingMapping,
    IndicatorTable,
    IndicatorUpload,
    SchoolFigures,
    TableLevel,
)
from .ledger import DONE_STATES, ItemState, RectificationItem, RectificationStep, StepAction, TaskLine

__all__ = [
    "DONE_STATES",
    "Evaluation",
    "EvaluationStage",
    "EvidenceFile",
    "HeadingMapping",
    "IndicatorTable",
    "IndicatorUpload",
    "ItemState",
    "ProvinceStandard",
    "RectificationItem",
    "RectificationStep",
    "SchoolFigures",
    "StepAction",
    "TableLevel",
    "TaskLine",
]
