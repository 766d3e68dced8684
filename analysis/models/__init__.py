"""What the desk keeps of an evaluation: imported figures, evidence, standards and frozen verdicts."""

from .evaluations import Evaluation, EvaluationStage, ProvinceStandard
from .indicators import EvidenceFile, HeadingMapping, IndicatorTable, SchoolFigures, TableLevel

__all__ = [
    "Evaluation",
    "EvaluationStage",
    "EvidenceFile",
    "HeadingMapping",
    "IndicatorTable",
    "ProvinceStandard",
    "SchoolFigures",
    "TableLevel",
]
