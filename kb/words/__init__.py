"""From what people say to what a report holds: a caller's words or a news flash, read without a model.

::

    reader ──┬── text        the text folded character by character, so that places in it stay
             ├── lexicon     what the ontology says of words: types, substances, cues, groups (Aho-Corasick)
             ├── numerals    三十余人, 十几, ２, 1.2万
             ├── mentions    cues and numbers brought together; figures: which of several numbers holds
             ├── kinds       the type of incident, ranked
             ├── gazetteer   names of divisions; places: which one it is, and its address
             └── moments     昨天下午1点多, as a time

Which words tell which fact is data (``ontology/words.ttl``, labels of types); here are positions in a
sentence only. Nothing of a text is executed, every pattern is linear, and a text has at most
:data:`~kb.words.text.LONGEST` characters.

::

    InputError
    └── WordsRefused    words.too-long, words.empty
"""

from __future__ import annotations

from kb.errors import InputError


class WordsRefused(InputError):
    """A text cannot be read for an incident: there is nothing in it, or too much."""
