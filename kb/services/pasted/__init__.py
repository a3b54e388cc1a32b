"""Pasted texts and messages on their way to a report: told to the officer, kept when he confirms, measured.

::

    telling    what was read in JSON: values, words, confidence, what else it could be
    message    the same of an alert in CAP 1.2
    keeping    the words behind confirmed values, masked, as provenance in the timeline
    measuring  precision and recall on texts whose figures are known
"""
