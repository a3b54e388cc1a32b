"""An incident report: from JSON to checked facts.

``document``    the JSON text            ``places``    from a code or name to an area
``vocabulary``  which keys there are     ``reading``   keys and names understood: facts
``values``      numbers, times, texts    ``contract``  the SHACL contract
"""
