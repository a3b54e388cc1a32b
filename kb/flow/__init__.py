"""How things live: flows declared in the ontology, timelines of events, and the state that follows.

::

    definition   a flow as the ontology declares it: states, steps, who may take them
    machine      runs a flow (the library transitions): what is possible, what a step leads to; draws it
    event        one step that was taken, as data and as quads
    ledger       timelines in the store: events are appended together with the state, in one commit
    clocks       how long a thing may stay in a state; calendar: when a clock runs
    flows        all of them for one store, made anew when the ontology changes

    FlowRefused (InputError)    the step cannot be taken
    └── Conflict                somebody else acted first (HTTP 409)

Nothing here knows what a directive, an incident or a plan is: those who use it say which properties a thing
has and answer its guards.
"""

from kb.errors import InputError


class FlowRefused(InputError):
    """The step cannot be taken: the state, the actor, a missing reason or value, or a guard forbid it."""


class Conflict(FlowRefused):
    """Somebody else acted first: look again, then decide."""
