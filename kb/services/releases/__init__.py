"""Releases of the knowledge: kept for ever by their content, with a life from draft to superseded."""
