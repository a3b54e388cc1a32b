"""The terms of SHACL (W3C Recommendation of 2017) and of its Advanced Features, by what they are for."""

from __future__ import annotations

PATHS = frozenset({"inversePath", "alternativePath", "zeroOrMorePath", "oneOrMorePath", "zeroOrOnePath"})
"""What a path expression is made of, beside lists."""
LISTS = frozenset({"and", "or", "xone", "in", "languageIn", "ignoredProperties"})
"""Parameters whose value is a list."""
SHAPES = frozenset({"property", "node", "not", "qualifiedValueShape", "and", "or", "xone"})
"""Parameters whose values are shapes, or lists of shapes."""
CORE = frozenset(
    {
        *("class", "datatype", "nodeKind", "minCount", "maxCount", "minExclusive", "minInclusive"),
        *("maxExclusive", "maxInclusive", "minLength", "maxLength", "pattern", "flags", "uniqueLang"),
        *("equals", "disjoint", "lessThan", "lessThanOrEquals", "hasValue", "closed", "qualifiedMinCount"),
        *("qualifiedMaxCount", "qualifiedValueShapesDisjoint"),
    }
)
TARGETS = frozenset({"targetNode", "targetClass", "targetSubjectsOf", "targetObjectsOf"})
CONSTRAINTS = CORE | LISTS | SHAPES | TARGETS | {"path", "sparql"}
"""What only shapes have."""
TERMS = (
    CORE
    | PATHS
    | LISTS
    | SHAPES
    | frozenset(
        {
            *("path", "severity", "message", "deactivated", "name", "description", "order", "group"),
            *("defaultValue", "targetNode", "targetClass", "targetSubjectsOf", "targetObjectsOf", "target"),
            *("sparql", "select", "ask", "construct", "update", "prefixes", "prefix", "namespace", "declare"),
            *("parameter", "optional", "labelTemplate", "validator", "nodeValidator", "propertyValidator"),
            *("shapesGraph", "suggestedShapesGraph", "entailment", "shapesGraphWellFormed"),
            *("rule", "condition", "subject", "predicate", "object", "expression", "filterShape", "nodes"),
            *("union", "intersection", "returnType", "resultAnnotation", "annotationProperty"),
            *("annotationVarName", "annotationValue", "js", "jsFunctionName", "jsLibrary", "jsLibraryURL"),
            *("conforms", "result", "focusNode", "value", "resultPath", "resultSeverity", "resultMessage"),
            *("sourceShape", "sourceConstraint", "sourceConstraintComponent", "detail", "this"),
        }
    )
)
"""Every property of the namespace."""
