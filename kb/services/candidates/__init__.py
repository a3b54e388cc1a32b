"""Candidates for incidents: signals from sensors, calls and warnings, those near each other taken together.

::

    signals     a signal: read from a row, stored, remembered; warnings in force are signals too
    clustering  which signals are of one incident, each with the reason, by kb.services.life.sameness
    board       candidates as JSON, with the open incidents that they may belong to
    judging     an officer confirms, attaches or dismisses
    planted     signals of which it is known what belongs together, to measure with

Candidates are worked out whenever somebody looks, from the signals that wait and the warnings in force: when
a warning is cancelled or expires, what rested on it alone is gone, and what else supports stays.
"""
