"""Why a conclusion holds, and why another does not.

``proof``  a derived triple down to facts and graphs
"""
