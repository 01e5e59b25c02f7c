"""Trained networks, alone or as an ensemble: predict, evaluate, save, load."""

from zerokara.model.ensemble import Ensemble, ModelMember, predict_each
from zerokara.model.model import Model
from zerokara.model.selection import criterion, select

__all__ = ["Ensemble", "Model", "ModelMember", "criterion", "predict_each", "select"]
