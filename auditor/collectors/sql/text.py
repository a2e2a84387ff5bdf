"""SQL text with `:name` parameters, as collectors use it.

The scanner is the one that lint and the model of a control's query use: what a text means must not
depend on who looks.
"""

from __future__ import annotations

from auditor.core.sql_tokens import (
    DIALECTS,
    MYSQL,
    POSTGRES,
    Dialect,
    Kind,
    SqlTextError,
    Token,
    parameters,
    render_pyformat,
    statement_words,
    tokens,
)

__all__ = [
    "DIALECTS",
    "MYSQL",
    "POSTGRES",
    "Dialect",
    "Kind",
    "SqlTextError",
    "Token",
    "parameters",
    "render_pyformat",
    "statement_words",
    "tokens",
]
