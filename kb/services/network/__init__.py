"""The collaboration network of a city as people and programs see it.

::

    views ──┬── known     what is read and found out once, and kept
            ├── told      things, duties and findings in JSON
            └── drawing   the network of one area as SVG
"""
