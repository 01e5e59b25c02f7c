"""Trained networks as a thing to keep: one model, which predicts, evaluates, saves and loads."""

from zerokara.model.ensemble import Ensemble, answers
from zerokara.model.model import Model
from zerokara.model.selection import criterion, select

__all__ = ["Ensemble", "Model", "answers", "criterion", "select"]
