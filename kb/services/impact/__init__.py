"""What a draft of the knowledge would change for the incidents of an archive: exactly, for a million too.

``versions``    one body of knowledge: its rules, and the background that they read
``reading``     how rules look at what is known of an incident
``usage``       what they do with values: compare, look up, or anything else
``dividing``    which facts can be looked at apart from one another
``useful``      which facts can matter at all for incidents of one kind
``archive``     the facts of an archive as numbers in a database
``outcomes``    relations that follow from few facts, derived once for each combination of those
``signatures``  incidents that look alike to the rules, and one of each to derive
``stages``      the stages in order: from the archive to the conclusions of both bodies of knowledge
``comparing``   what incidents gain and lose
``checking``    a sample derived by the interactive engine as well
``report``      the result, as text, JSON and CSV
``measuring``   the benchmark
"""
