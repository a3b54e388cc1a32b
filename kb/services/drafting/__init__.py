"""Drafts of the knowledge: copies of files that an expert edits, tries, and submits as a release.

``shelf``       the drafts of a home folder: who writes what, and how much
``adding``      files for new things out of a form
``reading``     what is wrong in one text: line, column, sentence, repair
``frozen``      the cities and incidents of a store as they were, for a process of its own
``tasks``       check, cases, impact, difference, coverage, use of rules
``worker``      the process that does them, in a sandbox; ``jobs`` starts it and keeps what it found
``submitting``  from a draft to a release in review
"""
