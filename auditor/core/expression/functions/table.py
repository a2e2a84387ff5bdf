"""The one table of functions: name in the checked tree -> Python function."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from auditor.core.expression.functions.arithmetic import ARITHMETIC
from auditor.core.expression.functions.comparing import COMPARING
from auditor.core.expression.functions.containers import COLLECTIONS
from auditor.core.expression.functions.conversions import CONVERSIONS
from auditor.core.expression.functions.documents import DOCUMENTS
from auditor.core.expression.functions.formatting import FORMATTING
from auditor.core.expression.functions.maths import MATHS
from auditor.core.expression.functions.network import NETWORK
from auditor.core.expression.functions.patterns import PATTERNS
from auditor.core.expression.functions.policies import POLICIES
from auditor.core.expression.functions.semver import SEMVER
from auditor.core.expression.functions.strings import STRINGS
from auditor.core.expression.functions.time import TIME
from auditor.core.expression.values import Value

FUNCTIONS: Mapping[str, Callable[..., Value]] = {
    **ARITHMETIC,
    **COMPARING,
    **COLLECTIONS,
    **CONVERSIONS,
    **DOCUMENTS,
    **FORMATTING,
    **MATHS,
    **NETWORK,
    **PATTERNS,
    **POLICIES,
    **SEMVER,
    **STRINGS,
    **TIME,
}
