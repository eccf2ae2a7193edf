"""Modelfiles: their syntax, and what models and requests are as Modelfiles."""
