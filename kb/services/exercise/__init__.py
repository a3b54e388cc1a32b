"""Exercises (推演): a scripted scenario goes through the whole loop with simulated people, faster than time.

::

    scenario     what a scenario says: reports, injects, how departments and the command behave
    reading      scenarios as YAML in ``examples/exercises``; every complaint names file, line and repair
    people       simulated officers, commanders, and which department a name means
    running      the simulation: an agenda of moments, the real services, a clock that jumps
    expecting    what must be true at the end, and whether it is
    telling      the outcome as text, Markdown and JSON
    many         ten thousand directives by several threads, and the proof that nothing got lost

Nothing is simulated but people and time: incidents are reported, confirmed, acted on and escalated by the
services that serve real ones. An exercise has a store of its own, and its incidents are called
``exercise-…``; a store with real incidents is refused.
"""
