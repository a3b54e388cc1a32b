"""What goes wrong with datasets and deliveries.

::

    InputError
    ├── DeliveryRefused   a file of which nothing can be taken (exit 1, HTTP 422)
    │     delivery.too-large, .format, .encoding, .doctype, .too-deep, .archive, .context, .named-graph,
    │     .columns, .empty, .memory, .timeout, .crashed, .answer
    ├── DatasetFault      a declaration that is wrong, or an unfit call
    │     dataset.turtle, .declaration, .publisher, .contract, .iri, .retention, .keeper
    └── NotFound          dataset.unknown, contract.unknown
    KnowledgeFault        contract.mapping, contract.shapes: a contract of the product is wrong
    DeliveryBusy          delivery.busy: too many files at once (HTTP 503)

A record that breaks its contract is no error: it is quarantined (:mod:`kb.sharing.problems`).
"""

from __future__ import annotations

from kb.errors import InputError, XiezhiError


class DeliveryRefused(InputError):
    """A file of which no record can be taken; nothing was stored."""


class DatasetFault(InputError):
    """The declaration of a dataset is wrong, or what is asked of it does not fit it."""


class DeliveryBusy(XiezhiError):
    """More files are being read than the machine is meant to read at once."""
